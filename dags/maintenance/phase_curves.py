"""Fits the phase curves of all moving objects: HG, HG1G2 and sHG1G2, over all nights of all surveys.

**What** Reads every alert of a moving object out of silver, computes from its orbit how it was seen, and fits three
models to the points of all bands together. The table `gold__phase_curves` is replaced as a whole.

**When** At noon of the first day of a month. Nothing depends on it.

**Who** The team of the Solar System.

**How to re-run** Trigger it: it reads all nights each time, and the same nights give the same rows.

**When not** During the night: it takes a core for as long as there are objects, some seconds for each with a spin.
"""

from airflow.sdk import DAG

from fink_lib.orchestration.plain_jobs import JobOperator
from fink_lib.orchestration.policy import NIGHTLY_ARGS, START, Tag

TASK_DOC = """
Fits all objects anew. **Fails** when silver cannot be read; the table then stays as it was, or is replaced model by
model. A retry begins anew: it is safe.
"""

with DAG(
    dag_id="phase_curves",
    description="fit the phase curves of moving objects",
    schedule="0 12 1 * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=NIGHTLY_ARGS,
    tags=[Tag.MAINTENANCE],
    doc_md=__doc__,
) as dag:
    JobOperator(task_id="fit", job="maintenance/phase_curves", doc_md=TASK_DOC)
