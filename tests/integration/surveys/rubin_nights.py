"""All real Rubin packets at hand through the three streams into one home, and some of their nights closed."""

import datetime as dt
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from fink_lib.filters.users.store import Action, Event, record
from fink_lib.nightly.results import Step
from fink_lib.simulator.request import PlayResult
from tests.integration.surveys.whole_night import Broker
from tests.unit.surveys.lsst_messages import WIRE, wire

ALL_NIGHTS = "FINK_TEST_ALL_NIGHTS"
# Packets of 7.1 and 9.0; of every version from 8.0 on; many of 10.0, some of 11.0 and 11.1.
FEW = (dt.date(2016, 3, 6), dt.date(2025, 8, 15), dt.date(2025, 12, 31))
EVERYTHING = {"owner": "team", "description": "Every alert.", "predicate": "alert_id > 0", "by": "team"}


@dataclass(frozen=True)
class Played:
    """The home, and what became of both plays.

    Attributes
    ----------
    broker
        The home and its tables.
    first, second
        What was sent: the 136 of schema 10.0, and all others.
    after_first
        Rows of each table when the streams had done the first.
    nights
        Alerts of each night in bronze.
    manifests
        Of every night that is closed.
    """

    broker: Broker
    first: PlayResult
    second: PlayResult
    after_first: Mapping[str, int]
    nights: Mapping[dt.date, int]
    manifests: dict[dt.date, dict[str, Any]] = field(default_factory=dict)

    def close(self) -> None:
        """Close a few nights, or every one where that is asked for."""
        for night in self.nights if os.environ.get(ALL_NIGHTS) else FEW:
            self.broker.close([night])
            self.manifests[night] = dict(self.broker.closed[night][Step.MANIFEST])


def play_rubin(spark: SparkSession, kafka: str, shared: Path, home: Path) -> Played:
    """Play the 136 messages of schema 10.0, then all others; a filter of a user sends every alert."""
    broker = Broker.of("lsst", spark, kafka, home)
    for number, action in enumerate((Action.ADD, Action.ACTIVATE), 1):
        event = Event("lsst", "everything", number, action, 1, at=dt.datetime.now(dt.UTC), **EVERYTHING)
        record(broker.settings.lake, event)
    first = broker.play(shared / "lsst" / WIRE)
    broker.catch_up()
    tables = {"alerts": "bronze", "quarantine": "bronze", "rejected": "silver"}
    counts = {name: len(broker.rows(layer, name, "night")) for name, layer in tables.items()}
    counts["silver"] = len(broker.rows("silver", "alerts", "night"))
    second = broker.play(shared / "lsst" / "packets")
    broker.catch_up()
    nights = Counter(row["night"] for row in broker.rows("bronze", "alerts", "night"))
    return Played(broker, first, second, counts, dict(sorted(nights.items())))


def wire_messages(shared: Path) -> Iterator[bytes]:
    """Yield the 136 messages of schema 10.0."""
    yield from (message for _, message in wire(shared))


def packet_messages(shared: Path) -> Iterator[bytes]:
    """Yield the messages of the other versions."""
    yield from (file.read_bytes() for file in sorted((shared / "lsst" / "packets").rglob("*.bin")))
