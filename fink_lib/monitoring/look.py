"""Looks at a home again and again: each part by itself, so that a Kafka that hangs hides no full disk."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from fink_lib.config import Settings
from fink_lib.monitoring.behind import Behind
from fink_lib.monitoring.disk import Disk
from fink_lib.monitoring.facts import HomeFacts, metrics
from fink_lib.monitoring.surveys import SurveyFacts, survey_facts, survey_streams
from fink_lib.monitoring.unread import Unread, unread
from fink_lib.streams.rows import StreamRow, stream_rows
from fink_lib.surveys import running_surveys

logger = logging.getLogger(__name__)

Part = Callable[[float], Mapping[str, Any]]


class Monitor(Collector):
    """Keeps the facts of one home.

    Parameters
    ----------
    settings
        Which home.
    services
        Tells of each service of the home whether it runs and answers.
    clock
        Unix time.
    """

    def __init__(
        self,
        settings: Settings,
        services: Callable[[], Mapping[str, bool]] = dict,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.facts = HomeFacts(0.0)
        self._settings, self._services, self._clock = settings, services, clock
        self._behind, self._disk, self._failures = Behind(), Disk(), Counter[str]()
        self._parts: Mapping[str, Part] = {
            "streams": self._of_streams,
            "services": lambda _: {"services": dict(self._services())},
            "disk": self._of_disk,
            "nights": self._of_nights,
            "kafka": self._of_kafka,
        }

    def look(self) -> HomeFacts:
        """Look at every part; one that fails keeps what it said before, and is counted and logged once."""
        now, found = self._clock(), dict[str, Any]()
        for name, part in self._parts.items():
            try:
                found.update(part(now))
            except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are looked at
                self._failures[name] += 1
                if self._failures[name] == 1:
                    logger.warning("part=%s of the look failed: %s", name, error)
            else:
                self._failures[name] = 0
        self.facts = replace(self.facts, **found, at=now, failures=dict(self._failures))
        return self.facts

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the last look."""
        return metrics(self.facts)

    def _of_streams(self, now: float) -> Mapping[str, Any]:
        rows: list[StreamRow] = stream_rows(self._settings, survey_streams(self._settings), now)
        return {"streams": rows, "behind_s": self._behind.look(rows, now)}

    def _of_disk(self, now: float) -> Mapping[str, Any]:
        self._disk.look(self._settings.home, now)
        return {"disk_free": self._disk.free, "disk_full_h": self._disk.full_in_h}

    def _of_nights(self, now: float) -> Mapping[str, Any]:
        known: list[SurveyFacts] = [
            survey_facts(self._settings, one.name, now) for one in running_surveys(self._settings)
        ]
        return {"surveys": known}

    def _of_kafka(self, now: float) -> Mapping[str, Any]:
        waiting: list[Unread] = [
            each for one in running_surveys(self._settings) for each in unread(self._settings, one.name, now)
        ]
        return {"unread": waiting}
