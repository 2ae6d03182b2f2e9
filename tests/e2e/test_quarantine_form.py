"""What an operator does with damaged messages: the form of the quarantine in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from e2e.airflow_pages import airflow_pages
from e2e.waiting import all_runs_ended, wait
from fink_lib.cli.host.airflow import LocalAirflow
from fink_lib.cli.host.stack import connected
from fink_lib.config import Settings
from fink_lib.lake.digest import table_digest

pytestmark = [pytest.mark.e2e, pytest.mark.airflow, pytest.mark.kafka, pytest.mark.spark]

DAG_ID = "ztf_replay_quarantine"


@pytest.fixture
def damaged(play: Callable[..., Any], e2e_settings: Settings) -> Path:
    """The quarantine after a night with damaged packets, played unless it was."""
    table = e2e_settings.lake / "bronze_ztf__quarantine"
    if not DeltaTable.is_deltatable(str(table)) or DeltaTable(str(table)).count() == 0:
        play("sample", "--truncated", "20", "--corrupt", "20")
    return table


def test_damaged_messages_are_replayed_from_a_form_and_stay_where_they_are(
    damaged: Path, e2e_settings: Settings
) -> None:
    airflow = LocalAirflow(connected(e2e_settings))
    kinds = DeltaTable(str(damaged)).to_pyarrow_table(columns=["error_class"])["error_class"].to_pylist()
    before, kind = table_digest(damaged), kinds[0]
    with airflow.api() as api:
        api.unpause(DAG_ID)
    with airflow_pages(airflow.login) as pages:
        run_id = pages.trigger(DAG_ID, {"error_class": kind, "why": "after a repair that repaired nothing"})
    wait("the replay", lambda: all_runs_ended(airflow, DAG_ID, 1))
    with airflow.api() as api:
        told = api.task_log(DAG_ID, run_id, "release")
    count = kinds.count(kind)
    assert f"0 of {count} messages replayed; still damaged: {count} {kind}" in told
    assert table_digest(damaged) == before
