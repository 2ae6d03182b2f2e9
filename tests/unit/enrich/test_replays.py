"""Alerts that are tried again on request: each ends once, and no request stops a stream."""

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from fink_lib.config import Settings
from fink_lib.enrich.replays import Replays
from fink_lib.errors import BrokerError
from fink_lib.lake.places import Held, Places
from fink_lib.lake.releases import read_releases, replayed_in_enrich
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.streams.requests import Asked, Requests
from fink_lib.streams.spec import Stage, StreamSpec
from tests.builders.lake_folder import lake_folder

NIGHT = "2021-11-22"


class Killed(BaseException):
    """The driver's process is gone."""


def one(offset: int) -> Asked:
    return Asked(NIGHT, 100 + offset, "ztf", 0, offset, "NAME", "mended")


def facts_at(asked: list[Asked]) -> pa.Table:
    places = [(each.topic, each.partition, each.offset) for each in asked]
    topics, partitions, offsets = zip(*places, strict=True)
    return pa.table([topics, pa.array(partitions, pa.int32()), pa.array(offsets, pa.int64())], names=list(KAFKA_KEY))


@dataclass
class Home:
    """A silver that is written, and alerts at which that fails."""

    spec: StreamSpec
    raising: dict[int, BaseException] = field(default_factory=dict)

    @property
    def silver(self) -> Path:
        return lake_folder(self.spec.settings) / "silver"

    @property
    def released(self) -> list[int]:
        return sorted(read_releases(lake_folder(self.spec.settings), "ztf")["alert_id"].to_pylist())

    @property
    def written(self) -> list[int]:
        return sorted(DeltaTable(self.silver).to_pyarrow_table()["kafka_offset"].to_pylist())

    def write(self, table: pa.Table) -> int:
        for offset in table["kafka_offset"].to_pylist():
            if offset in self.raising:
                raise self.raising[offset]
        write_deltalake(self.silver, table, mode="append")
        return table.num_rows

    def run(self) -> None:
        Replays(self.spec, Places([Held(self.silver)]), self.write).run(facts_at)

    def ask(self, *offsets: int) -> None:
        Requests(self.spec).add([one(offset) for offset in offsets])

    @property
    def asked(self) -> list[Asked]:
        return Requests(self.spec).read()


@pytest.fixture
def home(settings: Settings) -> Home:
    return Home(StreamSpec("ztf", Stage.ENRICH, settings))


def test_what_passes_now_is_released_and_what_raises_again_stays(home: Home) -> None:
    home.raising = {3: ValueError("still"), 5: RuntimeError("still")}
    home.ask(*range(8))
    home.run()
    assert home.written == [0, 1, 2, 4, 6, 7]
    assert home.released == [100, 101, 102, 104, 106, 107]
    assert home.asked == []
    assert replayed_in_enrich(lake_folder(home.spec.settings), "ztf") == {NIGHT: 6}
    home.raising.clear()
    home.ask(3, 5, 7)
    home.run()
    assert home.written == list(range(8)), "each once"


def test_what_passes_by_itself_is_tried_again_by_the_next_driver(home: Home) -> None:
    home.ask(1, 2)
    for _ in range(3):
        home.raising = {2: BrokerError("away")}
        with pytest.raises(BrokerError):
            home.run()
        assert len(home.asked) == 2
    home.raising.clear()
    home.run()
    assert (home.written, home.released) == ([1, 2], [101, 102])


def test_a_driver_that_dies_at_it_is_not_followed_by_another(home: Home) -> None:
    home.ask(1, 2, 3)
    home.raising = {3: Killed()}
    with pytest.raises(Killed):
        home.run()
    home.run()  # would die again
    assert home.asked == []
    assert (home.written, home.released) == ([1], [101]), "what it had written is released"
    home.raising.clear()
    home.ask(2, 3)
    home.run()
    assert (home.written, home.released) == ([1, 2, 3], [101, 102, 103])
