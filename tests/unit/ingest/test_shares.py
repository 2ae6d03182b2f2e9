"""Ranges of offsets are cut into shares: every message in one of them, none too large."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fink_lib.ingest import shares as module
from fink_lib.ingest.shares import shares, wanted_of
from fink_lib.ingest.worker import Wanted
from fink_lib.lake.places import Range


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 2000)), max_size=6), st.integers(1, 5))
def test_every_message_is_in_one_share(spans: list[tuple[int, int]], most: int) -> None:
    wanted = [Wanted(Range("t", number, first, first + size - 1)) for number, (first, size) in enumerate(spans)]
    found = shares(wanted, most)
    places = [
        (one.range.partition, offset)
        for share in found
        for one in share
        for offset in range(one.range.first, one.range.last + 1)
    ]
    assert sorted(places) == [
        (one.range.partition, offset) for one in wanted for offset in range(one.range.first, one.range.last + 1)
    ]
    total = sum(size for _, size in spans)
    assert len(found) <= most
    assert all(sum(one.range.size for one in share) <= max(module.LEAST, -(-total // most)) for share in found)


def test_few_messages_are_one_share() -> None:
    assert len(shares([Wanted(Range("t", 0, 0, 99))], 8)) == 1
    assert [len(share) for share in shares([Wanted(Range("t", 0, 0, 999)), Wanted(Range("t", 1, 5, 9))], 2)] == [1, 2]


def test_a_partition_that_is_new_begins_where_it_does(tmp_path: Path) -> None:
    (tmp_path / "offsets").mkdir()
    for batch, ends in enumerate(({"t": {"0": 4}}, {"t": {"0": 9, "1": 3}})):
        (tmp_path / "offsets" / str(batch)).write_text(f"v1\n{{}}\n{json.dumps(ends)}")
    assert wanted_of(tmp_path, 0) == [Wanted(Range("t", 0, 0, 3), from_low=True)]
    assert wanted_of(tmp_path, 1) == [Wanted(Range("t", 0, 4, 8)), Wanted(Range("t", 1, 0, 2), from_low=True)]
