"""The rules as Prometheus reads them: a file of alerts, made of `fink_lib.monitoring.rules`."""

import json
from collections.abc import Iterator

from fink_lib.monitoring.rules import RULES, AlarmRule, Compare, Severity

GONE = AlarmRule(
    "MonitorGone", "fink_looked_at_seconds", Compare.BELOW, 0, Severity.CRITICAL, for_s=120,
    says="the monitor of the broker does not answer, or stands still",
    means="Nothing is known of the broker: the machine, or the process of the monitor, is down. Prometheus alone can "
          "notice that.",
    do="`fink status` on the machine; `fink up` starts the monitor again.",
)  # fmt: skip
GONE_EXPRESSION = "absent(fink_looked_at_seconds) or time() - fink_looked_at_seconds > 120"


def expression(rule: AlarmRule) -> str:
    """Return the condition of a rule in PromQL."""
    if rule is GONE:
        return GONE_EXPRESSION
    chosen = ", ".join(f'{name}=~"{"|".join(values)}"' for name, values in rule.where.items())
    return (
        f"{rule.metric}{{{chosen}}} {rule.compare} {rule.limit:g}"
        if chosen
        else (f"{rule.metric} {rule.compare} {rule.limit:g}")
    )


def alert_rules() -> str:
    """Return the file of alerts, YAML."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Made by `make alarms-docs` of fink_lib/monitoring/rules.py: change it there."
    yield "groups:"
    yield "  - name: fink"
    yield "    rules:"
    for rule in (GONE, *RULES):
        yield f"      - alert: {rule.name}"
        yield f"        expr: {json.dumps(expression(rule))}"
        yield f"        for: {rule.for_s:.0f}s"
        yield f"        labels: {{severity: {rule.severity}}}"
        yield "        annotations:"
        yield f"          summary: {json.dumps(_template(rule))}"
        yield f"          runbook: docs/alarms.md#{rule.name.lower()}"


def _template(rule: AlarmRule) -> str:
    """Return the sentence with the places of Prometheus' templates."""
    words = rule.says.replace("{value}", "{{ $value }}")
    for label in ("stream", "state", "survey", "topic", "service", "part"):
        words = words.replace(f"{{{label}}}", f"{{{{ $labels.{label} }}}}")
    return words
