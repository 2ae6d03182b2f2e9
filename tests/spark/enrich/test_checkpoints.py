"""Whatever becomes of the checkpoint of enrich, and whatever it was doing: each alert stands in one place, once."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from enrich_bench import Bench, bronze_row
from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame

from fink_lib.enrich import stream
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.surveys import Cut, get_survey
from fink_lib.surveys.tables import bronze_spec
from tests.builders.packet_rows import read_packets

pytestmark = [
    pytest.mark.spark,
    # py4j leaves the sockets of foreachBatch's callbacks to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def rows(shared_data: Path) -> list[dict[str, Any]]:
    packets = list(read_packets(shared_data / "ztf" / "ztf_public_20181129.tar.gz"))[:60]
    return [bronze_row(get_survey("ztf"), packet, offset) for offset, packet in enumerate(packets)]


def places(frame: DataFrame) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in frame.select(*KAFKA_KEY).collect())


def each_in_one_place(bench: Bench, alerts: int) -> None:
    bronze = places(read_table(bronze_spec(bench.survey), bench.session, bench.settings.lake))
    assert len(bronze) == alerts
    assert bronze == sorted(places(bench.silver) + places(bench.rejected) + places(bench.quarantine))


def test_a_checkpoint_that_is_lost(bench: Bench, rows: list[dict[str, Any]]) -> None:
    for part in (rows[:20], rows[20:40]):
        bench.offer(part)
        bench.run()
    shutil.rmtree(bench.spec.checkpoint)
    bench.offer(rows[40:50])
    bench.run()
    each_in_one_place(bench, 50)
    bench.offer(rows[50:])
    bench.run()
    each_in_one_place(bench, 60)


def test_a_checkpoint_restored_from_an_older_copy(bench: Bench, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    bench.offer(rows[:20])
    bench.run()
    shutil.copytree(bench.spec.checkpoint, tmp_path / "copy")
    for part in (rows[20:35], rows[35:40]):
        bench.offer(part)
        bench.run()
    shutil.rmtree(bench.spec.checkpoint)
    shutil.copytree(tmp_path / "copy", bench.spec.checkpoint)
    for part in (rows[40:50], rows[50:]):
        bench.offer(part)
        bench.run()
    each_in_one_place(bench, 60)


def test_a_death_between_two_tables_and_another_cut_behind_it(
    bench: Bench, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each alert is decided of once: what stands in rejected stays, what stands nowhere is cut as it is cut now."""

    def die(*_: object) -> int:
        raise RuntimeError("killed before silver")

    harder = Cut("rb", "candidate.rb >= 0.75", "harder")
    bench.offer(rows)
    with monkeypatch.context() as patch:
        patch.setattr(stream, "append_files", die)
        with pytest.raises(StreamingQueryException, match="killed before silver"):
            bench.run()
    decided = places(bench.rejected)
    assert 0 < len(decided) < 60
    cuts = tuple(harder if cut.name == "rb" else cut for cut in bench.survey.cuts)
    bench = replace(bench, survey=replace(bench.survey, cuts=cuts))
    bench.run()
    each_in_one_place(bench, 60)
    assert set(decided) < set(places(bench.rejected))
    assert bench.silver.where("candidate.rb < 0.75").count() == 0
