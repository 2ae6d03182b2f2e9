"""The rules: judged as Prometheus judges them, and written for it and for people out of one place."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client.core import GaugeMetricFamily

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.docs_pages import alarms as made
from fink_lib.monitoring.alarms import Alarms, read_alarms, write_alarms
from fink_lib.monitoring.facts import HomeFacts, metrics
from fink_lib.monitoring.rules import RULES, SERVICE_DOWN, STREAM_DOWN, AlarmRule

BY_THEIR_FAULTS = (
    "unit/monitoring/test_alarms_fire.py", "unit/monitoring/test_alarms_of_the_machine.py",
    "integration/host/test_monitor.py", "integration/host/test_monitor_gone.py",
)  # fmt: skip
PROMTOOL_TESTS = PROJECT_DIR / "deploy" / "prometheus" / "alerts_test.yml"


def states(**of: float) -> list[GaugeMetricFamily]:
    family = GaugeMetricFamily(STREAM_DOWN.metric, "", labels=["stream", "state"])
    for state, value in of.items():
        family.add_metric(["ztf.enrich", state], value)
    return [family]


def test_a_condition_must_have_held_for_its_time_without_a_break() -> None:
    alarms = Alarms([STREAM_DOWN])
    dead, well = states(dead=1, running=0), states(dead=0, running=1)
    assert alarms.judge(dead, 1000) == []
    assert alarms.judge(dead, 1179) == []
    (fired,) = alarms.judge(dead, 1180)
    assert (fired.sentence, fired.since) == ("stream ztf.enrich has been dead for three minutes", 1000)
    assert alarms.judge(well, 1181) == []
    assert alarms.judge(dead, 1182) == [], "it begins anew"


def test_a_state_that_is_no_fault_fires_nothing() -> None:
    assert Alarms([STREAM_DOWN]).judge(states(running=1, stopped=1), 0) == []


def test_what_fires_is_found_by_commands_and_pages(settings: Settings) -> None:
    assert read_alarms(settings) == (0.0, [])
    family = GaugeMetricFamily(SERVICE_DOWN.metric, "", labels=["service"])
    family.add_metric(["kafka"], 0)
    alarms = Alarms([SERVICE_DOWN])
    alarms.judge([family], 0)
    fired = alarms.judge([family], 60)
    write_alarms(settings, fired, 60.0)
    assert read_alarms(settings) == (60.0, fired)
    assert fired[0].page == "docs/alarms.md#servicedown"


def test_a_home_of_which_nothing_is_known_fires_nothing() -> None:
    assert Alarms().judge(metrics(HomeFacts(1.0)), 1.0) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_asks_for_a_metric_that_is_there_and_fills_its_sentence(rule: AlarmRule) -> None:
    sources = "".join(path.read_text() for path in (PROJECT_DIR / "fink_lib" / "monitoring").glob("facts.py"))
    assert f'"{rule.metric}"' in sources
    labels = dict.fromkeys(("stream", "state", "survey", "topic", "service", "part"), "x")
    assert "{" not in rule.says.format(**labels, value=1)


def test_the_page_and_the_file_of_prometheus_are_those_of_the_rules() -> None:
    assert made.PAGE.read_text() == made.page(), "run `make alarms-docs`"
    assert made.PROMETHEUS_RULES.read_text() == made.alert_rules(), "run `make alarms-docs`"
    rules = yaml.safe_load(made.PROMETHEUS_RULES.read_text())["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == ["MonitorGone", *(rule.name for rule in RULES)]
    headings = {line.removeprefix("## ").lower() for line in made.page().splitlines() if line.startswith("## ")}
    assert {rule["annotations"]["runbook"].partition("#")[2] for rule in rules} == headings


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian: prometheus) is not on this machine")
@pytest.mark.parametrize("words", [("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")])
def test_prometheus_reads_the_rules_as_we_do(words: tuple[str, ...]) -> None:
    asked = subprocess.run(["promtool", *words], cwd=PROMTOOL_TESTS.parent, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stdout + asked.stderr


def test_every_rule_is_tested_with_promtool() -> None:
    tests = yaml.safe_load(PROMTOOL_TESTS.read_text())["tests"]
    asked = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case.get("exp_alerts")}
    assert asked == {"MonitorGone", *(rule.name for rule in RULES)}


def test_every_alarm_is_tested_by_its_fault() -> None:
    tests = "".join((PROJECT_DIR / "tests" / name).read_text() for name in BY_THEIR_FAULTS)
    assert [rule.name for rule in RULES if f'"{rule.name}"' not in tests] == []
    assert "GONE.name" in tests


def test_the_file_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    made.write(tmp_path / "alarms.md", tmp_path / "deep" / "alerts.yml")
    assert (tmp_path / "alarms.md").read_text() == made.page()
    assert (tmp_path / "deep" / "alerts.yml").read_text() == made.alert_rules()
