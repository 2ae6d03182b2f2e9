"""A process of its own, over an Airflow database of its own: how a run of each DAG ends when one of its tasks fails.

Airflow's own scheduling decides; nothing is executed. Prints JSON: DAG → task → states of the runs in which it failed.
"""

import datetime as dt
import json
import sys
from collections.abc import Iterator

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.dagrun import DagRun
from airflow.models.serialized_dag import SerializedDagModel
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.utils.db import initdb
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, TaskInstanceState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from sqlalchemy.orm import Session

RUN_AFTER = dt.datetime(2024, 1, 2, tzinfo=dt.UTC)
LOOKS_AT_MOST = 100
# Something that a form may need before a run of it can be made
CONF = {"first_night": "2021-11-22", "what": "sn_candidates"}

Ends = dict[str, TaskInstanceState]


def main() -> None:
    """Play every DAG of the folder that Airflow is configured with."""
    initdb()
    with create_session() as session:
        DagBundlesManager().sync_bundles_to_db(session=session)
        session.commit()
        bag = DagBag(sys.argv[1], bundle_name="dags-folder")
        assert not bag.import_errors, bag.import_errors
        sync_bag_to_db(bag, "dags-folder", None, session=session)
        session.commit()
        told = {dag_id: dict(ends(dag_id, session)) for dag_id in sorted(bag.dag_ids)}
    sys.stdout.write(json.dumps(told) + "\n")


def ends(dag_id: str, session: Session) -> Iterator[tuple[str, list[str]]]:
    """Yield, for each task of a DAG, how the runs ended in which it failed; and under no name, how one without did."""
    dag = SerializedDagModel.get_dag(dag_id, session=session)
    yield "", [play(dag, {}, session)[0]]
    for task in dag.task_ids:
        yield task, failing(dag, task, session)


def failing(dag: SerializedDAG, task: str, session: Session) -> list[str]:
    """Return how the run ended in which a task failed: beside a skipped one, where it runs only then."""
    for skipped in [{}, *({other: TaskInstanceState.SKIPPED} for other in dag.task_ids if other != task)]:
        state, states = play(dag, {**skipped, task: TaskInstanceState.FAILED}, session)
        if states[task] == TaskInstanceState.FAILED:
            return [state]
    return []


def play(dag: SerializedDAG, ending: Ends, session: Session) -> tuple[str, dict[str, str | None]]:
    """Let a run go to its end, each task ending as it is told, well where it is not; return what became of both."""
    run = new_run(dag, session)
    for _ in range(LOOKS_AT_MOST):
        ready, _ = run.update_state(session=session, execute_callbacks=False)
        session.flush()
        if run.state != DagRunState.RUNNING:
            break
        for instance in ready:
            instance.set_state(ending.get(instance.task_id, TaskInstanceState.SUCCESS), session=session)
        session.flush()
    states = {one.task_id: one.state for one in run.get_task_instances(session=session)}
    session.rollback()
    return str(run.state), states


def new_run(dag: SerializedDAG, session: Session) -> DagRun:
    run = dag.create_dagrun(
        run_id="manual__one",
        run_after=RUN_AFTER,
        conf={name: value for name, value in CONF.items() if name in dag.params},
        run_type=DagRunType.MANUAL,
        triggered_by=DagRunTriggeredByType.TEST,
        state=DagRunState.RUNNING,
        session=session,
    )
    run.dag = dag
    return run


if __name__ == "__main__":
    main()
