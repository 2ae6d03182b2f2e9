"""What the distribute benchmark counts, and the filters that it makes."""

from dataclasses import replace
from pathlib import Path

import pytest

from fink_lib.bench.filters import predicate
from fink_lib.bench.on_disk import topic_bytes, ways
from fink_lib.bench.run import WARM_ALERTS, Benchmark, BenchRequest, in_batches, of_parts
from fink_lib.config import Settings
from fink_lib.filters.users.predicate import parse_predicate
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF


def test_made_filters_are_allowed_and_no_two_are_alike() -> None:
    columns = silver_spec(ZTF).paths
    texts = {parse_predicate(predicate(number), columns).sql for number in range(120)}
    assert len(texts) == 120


def test_only_the_segments_of_the_topic_count(tmp_path: Path) -> None:
    data = tmp_path / "kafka" / "data"
    for folder, name, size in (
        ("fink_a_ztf-0", "0.log", 5),
        ("fink_a_ztf-1", "0.log", 7),
        ("fink_a_ztf-1", "9.log", 11),
        ("fink_a_ztf-1", "0.index", 100),
        ("fink_a_ztf-other-0", "0.log", 1000),
        ("fink_a_ztf-delete", "0.log", 1000),
    ):
        (data / folder).mkdir(parents=True, exist_ok=True)
        (data / folder / name).write_bytes(b"x" * size)
    assert topic_bytes(tmp_path, "fink_a_ztf") == 23


def test_both_framings_are_measured_in_every_compression() -> None:
    names = {name for name, *_ in ways()}
    assert names == {
        f"{framing}_{how}" for framing in ("embedded", "compact") for how in ("none", "lz4", "zstd", "zstd_quiet")
    }


@pytest.mark.parametrize(("filters", "per_batch"), [(0, 1000), (60, 500)])
def test_what_is_measured_comes_in_several_batches(settings: Settings, filters: int, per_batch: int) -> None:
    request = BenchRequest(Benchmark.DISTRIBUTE, ZTF, settings, Path(), 4000, filters=filters)
    assert in_batches(request).max_offsets_per_batch == per_batch


def test_a_burst_comes_at_once_in_batches_as_they_are_set(settings: Settings) -> None:
    burst = BenchRequest(Benchmark.BURST, ZTF, settings, Path(), 10_000, rate=100.0)
    assert of_parts(burst) == (WARM_ALERTS, 10_000)
    assert in_batches(burst) == settings
    assert of_parts(replace(burst, what=Benchmark.NIGHT, latency_s=40.0)) == (10_000, 4000)
    assert of_parts(replace(burst, what=Benchmark.INGEST)) == (10_000, 0)
