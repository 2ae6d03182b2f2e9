"""A home whose drivers can be told where to die, with a Kafka of its own."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.host.kafka import LocalKafka
from fink_lib.streams.spec import Stage
from tests.kills.chaos import Chaos, running


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for everything of a home that is tried."""
    return tmp_path_factory.mktemp("chaos")


@pytest.fixture(scope="module")
def project(place: Path) -> Iterator[Path]:
    """A checkout whose drivers can be told where to die."""
    jobs = place / "project" / "jobs" / "streaming"
    jobs.mkdir(parents=True)
    for stage in Stage:
        words = f'from tests.kills.fault_points import run\n\nif __name__ == "__main__":\n    run("{stage}")\n'
        (jobs / f"{stage}.py").write_text(words)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(PROJECT_DIR))
        yield place / "project"


@pytest.fixture(scope="module")
def chaos_home(place: Path) -> Path:
    """Where the home is."""
    return place / "home"


@pytest.fixture(scope="module")
def chaos(jars: dict[str, Path], place: Path, chaos_home: Path, project: Path) -> Iterator[Chaos]:
    seed = int(os.environ.get("FINK_TEST_SEED") or random.SystemRandom().randrange(2**32))
    print(f"FINK_TEST_SEED={seed}")  # noqa: T201 - shown when it fails: it repeats the run
    with LocalKafka(place / "broker", jars["kafka"], secured=False) as kafka:
        settings = Settings(
            home=chaos_home,
            project=project,
            kafka_bootstrap=kafka.bootstrap,
            night_quiet_s=4,
            stream_memory="1g",
        )
        with running(Chaos(settings, kafka, random.Random(seed), seed=seed)) as found:  # noqa: S311 - moments, not secrets
            yield found
