"""Writers that commit to one table in an object store at the same instant: the store says who was first."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow.fs import FileSelector

from fink_lib.bench.object_commits import DEFAULT_STORE, ObjectContest
from fink_lib.config import Settings
from fink_lib.lake.object_store import file_system
from fink_lib.lake.spark.object_store import CLASS
from tests.builders.object_store import BUCKET, CREDENTIALS, object_store

pytestmark = pytest.mark.spark

ROUNDS = 200
RACES = 4


@pytest.fixture(scope="module")
def settings(jars: dict[str, Path]) -> Iterator[Settings]:
    with object_store() as url, pytest.MonkeyPatch.context() as patched:
        for name, value in CREDENTIALS.items():
            patched.setenv(name, value)
        yield Settings(s3_endpoint=url)


@pytest.fixture(scope="module")
def contest(settings: Settings) -> Iterator[ObjectContest]:
    with ObjectContest(settings, f"s3://{BUCKET}/races") as opened:
        yield opened
    left = file_system(settings).get_file_info(FileSelector(BUCKET, recursive=True))
    assert [each.path for each in left if each.is_file] == []


def test_of_two_jvms_one_is_told_that_an_entry_is_its_own(contest: ObjectContest) -> None:
    race = contest.race(CLASS, ROUNDS)
    assert (race.both, race.lost) == (0, 0)
    assert sum(race.told.values()) == ROUNDS


def test_of_a_jvm_and_delta_rs_one_is_told_that_an_entry_is_its_own(contest: ObjectContest) -> None:
    race = contest.race_delta_rs(CLASS, ROUNDS)
    assert (race.both, race.lost) == (0, 0)
    assert sum(race.told.values()) == ROUNDS


def test_the_store_of_delta_itself_loses_commits(contest: ObjectContest) -> None:
    """What is measured would see a loss: once two are told that an entry is theirs, one of them has lost it."""
    races = (contest.race(DEFAULT_STORE, 20) for _ in range(RACES))  # two on a busy machine may never meet in one
    race = next((one for one in races if one.both), None)
    assert race is not None
    assert race.lost == race.both > 0
