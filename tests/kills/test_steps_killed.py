"""Each step of a night is killed in the middle, between two things that it writes, and repeated: nothing differs."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from fink_lib.bench import made_night
from fink_lib.bench.closing import fill_topics
from fink_lib.bench.made_night import MadeNight
from fink_lib.catalogs.load import load_catalog_table
from fink_lib.catalogs.sources import known_files
from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.files import JsonObject
from fink_lib.lake.content import lake_digests
from fink_lib.lake.reading import table_names
from fink_lib.lake.versions import Table
from fink_lib.nightly.results import Step
from fink_lib.streams.runner import settings_environment
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import NIGHT
from tests.builders.packet_rows import sample_packets
from tests.kills.step_forks import STEP_POINTS

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]

ALERTS, PIECE = 60, 20
RUN_ID = "killed"
OF_NIGHTS = "gold__nights"  # it holds the manifest as text, with its time
Steps = Callable[[Settings, Step, str], int]


@pytest.fixture(scope="module")
def night(own_kafka: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A night of 60 alerts in three commits, a catalogue with half of them, and their messages."""
    root = tmp_path_factory.mktemp("steps")
    settings = Settings(home=root / "home", kafka_bootstrap=own_kafka, catalogs=root / "catalogs")
    made = MadeNight(ZTF, NIGHT, ALERTS, {**sample_packets(1)[0], "time": None})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(made_night, "PIECE_ROWS", PIECE)
        made.write(settings.lake)
    fill_topics(settings, made.ends, ZTF.topic_of(NIGHT))
    assert settings.catalogs is not None
    settings.catalogs.mkdir()
    silver = DeltaTable(str(night_specs(ZTF)[Table.SILVER].path(settings.lake))).to_pyarrow_dataset()
    stars = silver.to_table(columns=["ra", "dec"]).slice(0, ALERTS // 4)
    stars = stars.append_column("label", pa.array(["EW"] * stars.num_rows))
    pq.write_table(stars, settings.catalogs / "stars.parquet")
    load_catalog_table(settings, known_files(settings.catalogs)["stars"])
    return settings


@pytest.fixture(scope="module")
def steps(night: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steps]:
    """Runs a step in a process of its own, up to a fault point if one is named."""
    environment = {**settings_environment(night), "PYTHONPATH": str(PROJECT_DIR)}
    log = tmp_path_factory.mktemp("log") / "steps.log"
    with (
        log.open("w") as told,
        subprocess.Popen(
            [sys.executable, "-m", "tests.kills.step_forks"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told, text=True, env=environment, cwd=PROJECT_DIR,
        ) as runner,
    ):  # fmt: skip

        def run(settings: Settings, step: Step, point: str) -> int:
            words = f"--survey ztf --night {NIGHT} --run-id {RUN_ID}"
            assert runner.stdin is not None
            assert runner.stdout is not None
            runner.stdin.write(f"{settings.home}\t{step}\t{words}\t{point}\n")
            runner.stdin.flush()
            answer = runner.stdout.readline()
            assert answer, log.read_text()
            return int(answer)

        yield run
        assert runner.stdin is not None
        runner.stdin.close()
        runner.wait(30)


def results(settings: Settings) -> dict[str, JsonObject]:
    """Return what every step found, without when, and without where the home is."""
    found = {}
    for step in Step:
        text = (settings.night_dir("ztf", NIGHT.isoformat()) / f"{step}.json").read_text()
        facts: dict[str, Any] = json.loads(text.replace(str(settings.home), "HOME"))
        found[str(step)] = {name: value for name, value in facts.items() if name not in {"closed_at", "run_id"}}
    return found


def without_before(facts: Any) -> Any:
    """Return facts without what a table was before it was compacted: the step that is repeated finds it done."""
    if not isinstance(facts, dict):
        return facts
    return {name: without_before(value) for name, value in facts.items() if name != "before"}


def without_runs_again(closed: dict[str, Any]) -> dict[str, Any]:
    """Return results without how often lookups were written: a step that is repeated writes their tables anew."""
    tables = closed["serve"]["tables"]
    told = {name: {key: value for key, value in one.items() if key != "version"} for name, one in tables.items()}
    return closed | {"serve": closed["serve"] | {"tables": told}}


def test_a_night_whose_steps_are_all_killed_closes_as_one_whose_are_not(night: Settings, steps: Steps) -> None:
    undisturbed = night.model_copy(update={"home": night.home.with_name("undisturbed")})
    shutil.copytree(night.home, undisturbed.home)
    points = {one.stage: name for name, one in STEP_POINTS.items()}
    assert list(points) == [str(step) for step in Step]
    for step in Step:
        assert steps(undisturbed, step, "") == 0, step
        assert steps(night, step, points[step]) == -9, f"{step} did not come to its fault point"
        assert steps(night, step, "") == 0, f"{step}, repeated"
    closed, other = results(night), results(undisturbed)
    assert closed["manifest"]["ok"]
    assert closed["manifest"]["bronze"] == ALERTS
    assert closed["crossmatch"]["catalogs"][0]["matches"] > 0
    assert closed["compact"]["tables"]["bronze"]["after"]["files"] == 1
    assert without_before(without_runs_again(closed)) == without_before(without_runs_again(other))
    tables = [name for name in table_names(night.lake) if name != OF_NIGHTS]
    assert list(lake_digests(night.lake, tables)) == list(lake_digests(undisturbed.lake, tables))
    (mine,), (theirs,) = (list(lake_digests(one.lake, [OF_NIGHTS])) for one in (night, undisturbed))
    assert mine.rows == theirs.rows == 1, "the night was closed once"
