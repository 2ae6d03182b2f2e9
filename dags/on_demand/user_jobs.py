"""Runs jobs of people, in SQL or Python, each in a sandbox over the rows that its person may see.

**What** `run` takes the job whose turn it is: of the person who has run least within a day, the oldest. It hands the
permitted rows to a sandbox, runs the code within the limits of FINK_USER_JOBS_…, and keeps log and result in
`user_jobs/<name>` of the home for its person alone, for 30 days.

**When** Each job that is sent to `/api/v1/jobs`, by the portal or by `fink jobs submit` starts a run; two run side by
side, the others wait for the pool `user_jobs`.

**Who** People with the right `jobs:run` (`fink users grant PERSON jobs:run`).

**How to re-run** Clear `run`: a job that was cut off begins anew. A run that finds no job waiting ends well.

**When not** Not for work of the broker itself: such a job writes no table of the lake. Its result may be kept as a
table of its person, or of one of his groups (`user_tables/` of the home).
"""

from airflow.sdk import DAG

from fink_lib.orchestration.plain_jobs import JobOperator
from fink_lib.orchestration.policy import NIGHTLY_ARGS, START, Pool, Tag

with DAG(
    dag_id="user_jobs",
    description="jobs of people, each in a sandbox",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=16,
    default_args={**NIGHTLY_ARGS, "pool": Pool.USERS.value},
    tags=[Tag.ON_DEMAND],
    doc_md=__doc__,
) as dag:
    JobOperator(
        task_id="run",
        job="on_demand/user_jobs",
        arguments=["--run", "{{ run_id }}"],
        side_by_side=True,
        doc_md="""
Runs one job. A job whose code is wrong ends as failed, and this task well. **Fails** when the sandbox or the lake
cannot be used. A retry is safe: the job begins anew.
""",
    )
