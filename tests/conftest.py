"""Fixtures that every test may use; each starts what it needs in a folder and on ports of its own."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fink_lib.config import PROJECT_DIR, Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SHARED = Path(os.environ.get("FINK_SHARED_DATA", PROJECT_DIR.parent / "shared" / "data"))

# Written, but not yet seen to pass on a machine that does nothing else: they are run with FINK_ALL_TESTS=1.
# Each line goes as soon as its tests have been seen to pass.
UNPROVEN = {
    "tests/integration/airflow/": "not yet seen to pass: real Airflow with stand-in drivers",
    "tests/streaming/loop/": "not yet seen to pass: the run loop in a process of its own",
    "tests/streaming/ingest/": "not yet seen to pass: ingest from a real Kafka",
    "tests/streaming/maintenance/": "not yet seen to pass: streams at work while their tables are compacted",
    "tests/spark/nightly/test_nightly_layout.py": "not yet seen to pass: compaction along the sky",
    "tests/e2e/test_night.py::test_a_killed_driver": "no row differed; not yet seen green (warnings of sockets)",
    "tests/spark/nightly/test_nightly_real.py": "not yet seen to pass: every step on a real lake",
    "tests/spark/nightly/test_nightly_statistics.py": "not yet seen to pass: counts of a planted night",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is not proven yet, and say so."""
    if os.environ.get("FINK_ALL_TESTS") == "1":
        return
    for item in items:
        for prefix, reason in UNPROVEN.items():
            if item.nodeid.startswith(prefix):
                item.add_marker(pytest.mark.skip(reason=f"{reason} (FINK_ALL_TESTS=1 runs it)"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a home of the test's own; the download cache is shared."""
    return Settings(home=tmp_path / "home")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of extra real alerts; the test is skipped, with this reason, where it is not there."""
    if not (SHARED / "ztf").is_dir():
        pytest.skip("the extra real alerts (../shared/data) are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def jars() -> dict[str, Path]:
    """The folders of the pinned jars, ``spark`` and ``kafka``, fetched if they are not there yet."""
    from fink_lib.cli.host.jars import ensure_jars

    return ensure_jars(Settings().cache)


@pytest.fixture(scope="session")
def kafka(jars: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one real broker for the whole run; tests use topics of their own."""
    from fink_lib.cli.host.kafka import LocalKafka

    with LocalKafka(tmp_path_factory.mktemp("kafka-home"), jars["kafka"]) as broker:
        yield broker.bootstrap


@pytest.fixture(scope="session")
def spark(jars: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """One Spark session for the whole run."""
    from fink_lib.spark import build_session

    session = build_session("tests", Settings(home=tmp_path_factory.mktemp("spark-home")), memory="1g")
    yield session
    session.stop()
