"""Judges the rules over metrics, as Prometheus does: for homes that have none, and for the page *Broker*."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from prometheus_client.core import Metric

from fink_lib.config import Settings
from fink_lib.files import replace_text, to_json
from fink_lib.monitoring.rules import RULES, AlarmRule, Severity

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Alarm:
    """An alarm that fires.

    Attributes
    ----------
    name, severity, sentence
        Which one, how soon a person is needed, and what it says.
    labels
        Of the sample that it fires for.
    since
        Unix time at which the condition was first seen.
    """

    name: str
    severity: Severity
    sentence: str
    labels: Labels
    since: float

    @property
    def page(self) -> str:
        """Where it is told what to do."""
        return f"docs/alarms.md#{self.name.lower()}"


class Alarms:
    """Remembers since when each condition holds.

    Parameters
    ----------
    rules
        What to judge.
    known
        What fired when somebody last looked: it goes on since then.
    """

    def __init__(self, rules: Sequence[AlarmRule] = RULES, known: Sequence[Alarm] = ()) -> None:
        self._rules = rules
        self._since = {(one.name, one.labels): one.since for one in known}

    def judge(self, families: Iterable[Metric], now: float) -> list[Alarm]:
        """Return what fires at a Unix time, what needs a person soonest first.

        Parameters
        ----------
        families
            All metrics of this look: a condition that no sample fulfils is forgotten.
        now
            Unix time of the look.
        """
        samples = [sample for family in families for sample in family.samples]
        found: list[Alarm] = []
        held: dict[tuple[str, Labels], float] = {}
        for rule in self._rules:
            for sample in samples:
                if sample.name != rule.metric or not rule.counts(sample.labels) or not rule.holds(sample.value):
                    continue
                labels = tuple(sorted(sample.labels.items()))
                since = held[rule.name, labels] = self._since.get((rule.name, labels), now)
                if now - since >= rule.for_s:
                    words = rule.says.format(**sample.labels, value=f"{sample.value:.4g}")
                    found.append(Alarm(rule.name, rule.severity, words, labels, since))
        self._since = held
        return sorted(found, key=lambda one: (one.severity, one.since))


def alarms_file(settings: Settings) -> Path:
    """Return where the monitor leaves what fires."""
    return settings.home / "metrics" / "alarms.json"


def write_alarms(settings: Settings, alarms: Sequence[Alarm], at: float) -> None:
    """Leave what fires where commands and pages find it.

    Parameters
    ----------
    settings
        Of the home whose alarms they are.
    alarms
        All that fire now; they replace those that are there.
    at
        Unix time of the look.
    """
    replace_text(alarms_file(settings), to_json({"at": at, "alarms": [asdict(one) for one in alarms]}))


def read_alarms(settings: Settings) -> tuple[float, list[Alarm]]:
    """Return when the monitor last looked, 0 where it never did, and what fired then."""
    try:
        facts = json.loads(alarms_file(settings).read_text(encoding="utf-8"))
        found = [
            Alarm(**{**one, "severity": Severity(one["severity"]), "labels": tuple(map(tuple, one["labels"]))})
            for one in facts["alarms"]
        ]
        return float(facts["at"]), found
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0, []
