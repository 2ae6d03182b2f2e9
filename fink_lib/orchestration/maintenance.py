"""DAGs of one job and no survey: what they have in common, once."""

from typing import Any

from airflow.sdk import DAG

from fink_lib.orchestration.plain_jobs import JobOperator
from fink_lib.orchestration.policy import NIGHTLY_ARGS, START, Tag


def maintenance_dag(
    name: str,
    *,
    schedule: str,
    description: str,
    doc: str | None,
    task: str,
    task_doc: str,
    params: dict[str, Any] | None = None,
    **options: Any,
) -> DAG:
    """Return a DAG that runs the job of its name, one run at a time; what was missed is not made up for.

    Parameters
    ----------
    name
        Of the DAG, and of its job in ``jobs/maintenance``.
    schedule
        When it runs, as Airflow writes it.
    description, doc
        Its line in the list, and its page: the docstring of the file that calls this.
    task, task_doc
        Name and page of its one task.
    params
        Fields of its form.
    options
        What `JobOperator` is given beside.
    """
    with DAG(
        dag_id=name,
        description=description,
        schedule=schedule,
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=NIGHTLY_ARGS,
        params=params,
        tags=[Tag.MAINTENANCE],
        doc_md=doc,
    ) as dag:
        JobOperator(task_id=task, job=f"maintenance/{name}", doc_md=task_doc, **options)
    return dag
