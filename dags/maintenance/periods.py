"""Searches the periods of objects over all nights, in all bands together.

**What** Takes every object that stays in its place and has at least 20 alerts, reads their signed difference fluxes
out of silver, and looks for the period that fits them best. Objects without a new alert keep their row. The rows of a
survey in `gold__periods` are replaced as a whole.

**When** At noon of each Sunday. Nothing depends on it.

**Who** The team of variable stars.

**How to re-run** Trigger it: the same nights give the same rows.

**When not** During the night: it takes a core for up to half a second an object.
"""

from airflow.sdk import DAG

from fink_lib.orchestration.plain_jobs import JobOperator
from fink_lib.orchestration.policy import NIGHTLY_ARGS, START, Tag

TASK_DOC = """
Searches what is new. **Fails** when silver or the table of objects cannot be read; the table then stays as it was, or
is replaced survey by survey. A retry begins anew: it is safe.
"""

with DAG(
    dag_id="periods",
    description="search the periods of objects",
    schedule="0 12 * * 0",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=NIGHTLY_ARGS,
    tags=[Tag.MAINTENANCE],
    doc_md=__doc__,
) as dag:
    JobOperator(task_id="search", job="maintenance/periods", doc_md=TASK_DOC)
