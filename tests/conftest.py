"""Fixtures that every test may use; each starts what it needs in a folder and on ports of its own."""

# ruff: noqa: E402 - lines are noted before anything of ours is imported
import os

from tests.running.measured import Lines, begun

COVERAGE = begun()

import gc
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from fink_lib.config import PROJECT_DIR, Settings
from tests.running.scheduling import Clock, known_seconds, longest_first, scheduler

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from fink_lib.host.kafka import LocalKafka

# How long an example takes says how busy the machine is, not whether the code is right.
# The same examples every time, or a run would blame a change for what it did not do; FINK_TEST_EXPLORE=1 tries others.
hypothesis_settings.register_profile(
    "shared",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="FINK_TEST_EXPLORE" not in os.environ,
)
hypothesis_settings.load_profile("shared")

# A server of Spark jobs would outlive the test that asked for a job; tests of the server itself say otherwise.
os.environ.setdefault("FINK_JOB_SERVER_IDLE_S", "0")
SHARED = Settings().shared_data or PROJECT_DIR.parent / "shared" / "data"


def pytest_configure(config: pytest.Config) -> None:
    """Have lines noted by workers, and times by whoever hears of all tests."""
    if COVERAGE is not None:
        config.pluginmanager.register(Lines(COVERAGE))
    if "FINK_TEST_DURATIONS" in os.environ and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Clock(config.rootpath))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for no garbage among what is imported, neither now nor later: nearly all of it stays until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests of a run that several workers share: all of them must come to the same order."""
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items, known_seconds())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal files out; those that share what takes long to make go to one worker."""
    return scheduler(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument and number: processes that share a run must agree on the names of its tests."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a home of the test's own; the download cache is shared."""
    return Settings(home=tmp_path / "home")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of extra real alerts; the test is skipped, with this reason, where it is not there.

    For tests of stamps, or of more alerts than `real_alerts` holds.
    """
    if not (SHARED / "ztf").is_dir():
        pytest.skip("the extra real alerts (../shared/data) are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def real_alerts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real alerts of every survey and version: the extra ones, or the few of the repository, which have no stamps."""
    from tests.builders.real_alerts import unpacked

    return SHARED if (SHARED / "ztf").is_dir() else unpacked(tmp_path_factory.mktemp("real") / "data")


@pytest.fixture(scope="session")
def jars() -> dict[str, Path]:
    """The folders of the pinned jars, ``spark`` and ``kafka``, fetched, and our own compiled, if not there yet."""
    from fink_lib.host.class_archive import ensure_class_archive
    from fink_lib.host.jars import ensure_jars
    from fink_lib.host.log_store import ensure_log_store

    folders = ensure_jars(Settings().cache)
    ensure_log_store(Settings())
    ensure_class_archive(Settings())
    return folders


@pytest.fixture(scope="session")
def kafka(jars: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of one real broker for the whole run, open to all; tests use topics of their own."""
    from fink_lib.host.kafka import LocalKafka

    with LocalKafka(tmp_path_factory.mktemp("kafka-home"), jars["kafka"], secured=False) as broker:
        yield broker.bootstrap


@pytest.fixture(scope="module")
def own_kafka(kafka: str) -> Iterator[str]:
    """The broker without a topic, before and after: for topics that bear the names of the survey, as others do."""
    from tests.builders.topics import delete_all_topics

    delete_all_topics(kafka)
    yield kafka
    delete_all_topics(kafka)


@pytest.fixture(scope="session")
def secured_kafka(jars: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator["LocalKafka"]:
    """A broker as `fink up` starts it: what is not allowed is refused."""
    from fink_lib.host.kafka import LocalKafka

    with LocalKafka(tmp_path_factory.mktemp("secured-kafka"), jars["kafka"]) as broker:
        yield broker


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a schema registry."""
    from fink_lib.kafka.registry.server import make_server

    with make_server(tmp_path_factory.mktemp("registry") / "schemas.json", 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def spark(jars: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator["SparkSession"]:
    """One Spark session for the whole run."""
    from fink_lib.lake.spark.session import build_session

    session = build_session("tests", Settings(home=tmp_path_factory.mktemp("spark-home")), memory="2g")
    yield session
    session.stop()
