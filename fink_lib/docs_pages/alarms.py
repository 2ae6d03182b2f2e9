"""The page of alarms and Prometheus' file of them, both made of the rules."""

from pathlib import Path

from fink_lib.config import PROJECT_DIR
from fink_lib.monitoring.prometheus import GONE, alert_rules, expression
from fink_lib.monitoring.rules import RULES

PAGE = PROJECT_DIR / "docs" / "alarms.md"
PROMETHEUS_RULES = PROJECT_DIR / "deploy" / "prometheus" / "alerts.yml"
HEAD = """# Alarms

Made by `make alarms-docs` of `fink_lib/monitoring/rules.py`.
The same rules are in `deploy/prometheus/alerts.yml` for Prometheus.
A home without Prometheus has them too: the monitor that `fink up` starts judges them every few seconds.
`fink alarms list` shows what fires, `fink status` and the page *Broker* in Airflow do too.
How they reach people is in [operator.md](operator.md#metrics-and-alarms).

*critical*: alerts are lost, or will be today. *warning*: in the next working hours.

| alarm | severity | fires when | for |
| --- | --- | --- | --- |
"""


def page() -> str:
    """Return the page, Markdown."""
    every = (*RULES, GONE)
    rows = [
        f"| [{one.name}](#{one.name.lower()}) | {one.severity} | `{expression(one).replace('|', chr(92) + '|')}` "
        f"| {one.for_s:.0f} s |\n"
        for one in every
    ]
    parts = [f"\n## {one.name}\n\n{one.means}\n\n**What to do.** {one.do}\n" for one in every]
    return HEAD + "".join(rows) + "".join(parts)


def write(page_file: Path = PAGE, rules_file: Path = PROMETHEUS_RULES) -> None:
    """Write both.

    Parameters
    ----------
    page_file
        The page, Markdown; replaced.
    rules_file
        The file of Prometheus; replaced.
    """
    page_file.write_text(page())
    rules_file.parent.mkdir(parents=True, exist_ok=True)
    rules_file.write_text(alert_rules())


if __name__ == "__main__":
    write()
