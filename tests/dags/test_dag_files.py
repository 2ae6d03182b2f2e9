"""Every DAG imports quickly and without error, keeps the house policy, and is the picture that the docs show."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, Asset

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.orchestration.policy import OWNER, Pool, Tag
from fink_lib.streams.kinds import KINDS
from fink_lib.surveys import SURVEYS, running_surveys

DAGS = PROJECT_DIR / "dags"
FILES = sorted(DAGS.rglob("*.py"))
ALLOWED_IMPORTS = {"airflow", "fink_lib"}
IMPORT_CPU_S = 1.0

# DAGs of no survey
SHARED = {"catalogs", "community", "community_topics"}
SHARED |= {"deliver_notices", "periods", "phase_curves", "schema_watch", "vacuum"}
SHARED |= {"user_jobs"}

CLOSING = {
    "reconcile": ["crossmatch", "events", "serve", "statistics"],
    "quality": ["crossmatch", "events", "serve", "statistics"],
    "crossmatch": ["objects"],
    "objects": ["compact"],
    "events": ["done", "report"],
    "compact": ["done", "report"],
    "statistics": ["done", "report"],
    "serve": ["done", "report"],
    "report": ["done", "manifest"],
    "manifest": ["done"],
    "done": [],
}
STRUCTURE = {
    "ztf_ingest": {"stream": []},
    "ztf_enrich": {"stream": []},
    "ztf_distribute": {"stream": []},
    "ztf_close_night": {"drain": ["quality", "reconcile"], **CLOSING},
    "ztf_replay_quarantine": {"plan": ["release"], "release": []},
    "deliver_notices": {"deliver": []},
    "ztf_transfer": {"plan": ["send"], "send": []},
    "catalogs": {"refresh": []},
    "community": {"round": []},
    "community_topics": {"carry": []},
    "ztf_rerun_nights": CLOSING,
    "ztf_reprocess": {
        "plan": ["candidate"],
        "candidate": ["diff"],
        "diff": ["ask"],
        "ask": ["approval"],
        "approval": ["promote"],
        "promote": ["discard", "done"],
        "discard": ["done"],
        "done": [],
    },
    "periods": {"search": []},
    "phase_curves": {"fit": []},
    "schema_watch": {"ask": []},
    "user_jobs": {"run": []},
    "vacuum": {"vacuum": []},
}


def load(path: Path) -> dict[str, DAG]:
    space: dict[str, Any] = {"__name__": f"loaded_{path.stem}", "__file__": str(path)}
    exec(compile(path.read_text(), str(path), "exec"), space)  # noqa: S102  # as Airflow itself does
    return {value.dag_id: value for value in space.values() if isinstance(value, DAG)}


@pytest.fixture(scope="module")
def dags() -> dict[str, DAG]:
    return {dag_id: dag for path in FILES for dag_id, dag in load(path).items()}


def tasks(dags: dict[str, DAG]) -> Iterator[tuple[DAG, Any]]:
    for dag in dags.values():
        for task in dag.tasks:
            yield dag, task


def test_the_structure_is_the_picture(dags: dict[str, DAG]) -> None:
    found = {
        dag_id: {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks} for dag_id, dag in dags.items()
    }
    assert found == STRUCTURE


def test_surveys_without_streams_have_no_dags(dags: dict[str, DAG]) -> None:
    enabled = {survey.name for survey in running_surveys(Settings())}
    assert {dag_id.split("_")[0] for dag_id in dags if dag_id not in SHARED} == enabled


def test_every_dag_keeps_the_policy(dags: dict[str, DAG]) -> None:
    for dag in dags.values():
        assert dag.doc_md, dag.dag_id
        for word in ("**What**", "**When**", "**Who**", "**How to re-run**", "**When not**"):
            assert word in dag.doc_md, f"{dag.dag_id} does not say {word}"
        assert dag.description
        assert dag.catchup is False
        assert dag.max_active_runs == (16 if dag.dag_id.endswith(("_rerun_nights", "_reprocess", "user_jobs")) else 1)
        assert dag.max_consecutive_failed_dag_runs == 0, "pausing a DAG by itself would stop the listening"
        assert {str(tag) for tag in dag.tags} <= {*(str(tag) for tag in Tag), *SURVEYS}
        assert len(dag.tags) == (1 if dag.dag_id in SHARED else 2)


def test_every_task_keeps_the_policy(dags: dict[str, DAG]) -> None:
    for dag, task in tasks(dags):
        label = f"{dag.dag_id}.{task.task_id}"
        assert task.owner == OWNER, label
        assert task.retries >= 1, label
        assert task.pool in set(Pool), label
        assert task.doc_md, label
        assert task.execution_timeout is None, f"{label}: it would count per worker stint only"


def test_each_doc_says_what_a_failure_means_and_that_a_retry_is_safe(dags: dict[str, DAG]) -> None:
    for dag, task in tasks(dags):
        assert "safe" in task.doc_md.lower(), f"{dag.dag_id}.{task.task_id}"
        if task.task_id != "report":  # it draws whatever there is
            assert "**Fail" in task.doc_md, f"{dag.dag_id}.{task.task_id}"


def test_streams_never_give_up_and_rotate_one_night_a_run(dags: dict[str, DAG]) -> None:
    for stage in ("ingest", "enrich", "distribute"):
        (task,) = dags[f"ztf_{stage}"].tasks
        assert (task.retries or 0) >= 100
        assert task.max_retry_delay.total_seconds() <= 60
        assert task.pool == Pool.STREAMS
        assert type(dags[f"ztf_{stage}"].timetable).__name__ == "ContinuousTimetable"
    starters = [task.kind for _, task in tasks(dags) if getattr(task, "starts_closing", False)]
    assert starters == ["distribute"]


def test_a_new_kind_of_stream_has_its_dag(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of another source is supervised as the three are; one with a label is started by people."""
    monkeypatch.setitem(KINDS, "archive", replace(KINDS["ingest"], job="archive.py", does="listens to an archive"))
    monkeypatch.setitem(KINDS, "rehearsal", replace(KINDS["shadow"], job="rehearsal.py"))
    found = load(DAGS / "streaming" / "streams.py")
    assert list(found) == ["ztf_ingest", "ztf_enrich", "ztf_distribute", "ztf_archive"]
    dag = found["ztf_archive"]
    (task,) = dag.tasks
    assert (task.survey, task.kind, task.starts_closing, task.pool) == ("ztf", "archive", False, Pool.STREAMS)
    assert {asset.name for asset in task.outlets} == {"ztf.archive", "bronze_ztf__alerts", "bronze_ztf__quarantine"}
    assert dag.description == "ztf: listens to an archive, for ever"
    said, last = (str(found[name].doc_md) for name in ("ztf_archive", "ztf_distribute"))
    assert said.startswith("Listens to an archive.\n")
    for word in ("`jobs/streaming/archive.py`", "`streams/<survey>.archive/driver.log`", "**When not**"):
        assert word in said
    assert ("close_night" in said, "close_night" in last) == (False, True)


def test_close_night_is_started_by_a_drained_night_and_always_reports(dags: dict[str, DAG]) -> None:
    dag = dags["ztf_close_night"]
    asset = dag.timetable.asset_condition
    assert isinstance(asset, Asset)
    assert type(dag.timetable).__name__ == "PartitionedAssetTimetable"
    assert asset.name == "ztf.night"
    (last,) = dags["ztf_distribute"].tasks
    assert asset in last.outlets
    rules = {task.task_id: task.trigger_rule.value for task in dag.tasks}
    assert {task for task, rule in rules.items() if rule == "all_done"} == {"report", "manifest"}
    assert {task for task, rule in rules.items() if rule == "none_failed"} == {"done"}
    assert set(rules.values()) == {"all_done", "all_success", "none_failed"}
    assert dag.params.dump() == {"night": None}
    assert dag.params.validate() == {"night": None}


def test_past_nights_run_by_backfill_alone_and_by_their_date(dags: dict[str, DAG]) -> None:
    dag = dags["ztf_rerun_nights"]
    assert type(dag.timetable).__name__ == "ClosedNightsTimetable"
    assert dag.timetable.survey == "ztf"
    assert dag.end_date == dag.start_date, "the scheduler makes no run after the end date"
    assert {task.pool for task in dag.tasks} == {Pool.RERUN}


def test_a_reprocessing_goes_live_only_where_a_person_says_so(dags: dict[str, DAG]) -> None:
    dag = dags["ztf_reprocess"]
    assert dag.params["dry_run"] is True
    assert type(dag.get_task("approval")).__name__ == "DecisionOperator"
    assert dag.get_task("promote").upstream_task_ids == {"approval"}
    assert dag.get_task("discard").trigger_rule.value == "all_skipped"
    (night,) = dag.get_task("promote").outlets
    assert night.name == "ztf.night"
    assert all(dag.params.get_param(name).schema.get("title") for name in dag.params)


def test_a_form_can_be_sent_as_it_opens_but_for_what_must_be_given(dags: dict[str, DAG]) -> None:
    """The form of Airflow keeps its button shut while a text that must be there is empty."""
    for dag in dags.values():
        for name in dag.params:
            param = dag.params.get_param(name)
            assert not (param.schema.get("type") == "string" and param.value == ""), f"{dag.dag_id}: {name}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dag_file_only_builds_the_graph(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 120
    for node in ast.walk(ast.parse(text)):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        assert {module.split(".")[0] for module in modules} <= ALLOWED_IMPORTS
    assert "now(" not in text, "a graph that changes at each parse makes a new version each time"


def test_dag_files_load_quickly_without_spark() -> None:
    program = (
        "import sys, time, runpy\n"
        "import airflow.sdk, airflow.triggers.base\n"
        "airflow.sdk.DAG, airflow.sdk.Param, airflow.sdk.BaseOperator\n"
        "begin = time.process_time()\n"
        f"[runpy.run_path(path) for path in {[str(path) for path in FILES]!r}]\n"
        "print(time.process_time() - begin)\n"
        "assert not {name.split('.')[0] for name in sys.modules} & {'pyspark', 'delta', 'py4j'}\n"
    )
    # the first run may have to compile what it imports
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=180, check=False, env=os.environ
        )
        assert done.returncode == 0, done.stderr
    assert float(done.stdout.splitlines()[-1]) < IMPORT_CPU_S * len(FILES)
