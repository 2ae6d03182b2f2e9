"""A night that is promoted and restored under a running stream: nothing breaks and nothing is sent twice."""

import datetime as dt
from dataclasses import replace

import pytest
from deltalake import DeltaTable

from fink_lib.lake.swap import Swap, apply, link_files, night_files
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF
from tests.builders.packet_rows import Packet
from tests.streams.distribute.conftest import Bench

pytestmark = [pytest.mark.spark, pytest.mark.kafka]


def test_a_promotion_and_its_undo_send_nothing(bench: Bench, packets: list[Packet]) -> None:
    bench.run()
    bench.check(packets)
    before = bench.published()
    path = silver_spec(ZTF).path(bench.lake)
    nights = {dt.date.fromisoformat(str(row["night"])) for row in DeltaTable(str(path)).partitions()}
    old = night_files(DeltaTable(str(path)), nights)
    within = path / "candidate_x"  # where a candidate's files lie, and stay
    new = [replace(file, path=f"{within.name}/{file.path}") for file in link_files(old, path, within)]
    apply(DeltaTable(str(path)), Swap(old, new, "reprocess.x", 1, {}))
    bench.run()
    assert bench.published() == before
    apply(DeltaTable(str(path)), Swap(new, old, "reprocess.x", 2, {}))
    apply(DeltaTable(str(path)), Swap(old, [], "reprocess.y", 1, {}))
    apply(DeltaTable(str(path)), Swap([], old, "reprocess.y", 2, {}))
    bench.run()
    assert bench.published() == before
    bench.check(packets)
