"""Adds the science: bronze → silver, or rejected with every reason.

**What** Keeps the driver of the stream `enrich` running. The driver is a process of its own
(`jobs/streaming/enrich.py`); Airflow starts it, watches its heartbeat and starts it again when it dies. Nothing of
the data passes through Airflow.

**When** Always. One run lasts one night: when every stream of the survey is drained, the run succeeds, the driver
runs on, and the next run re-attaches to it.

**Who** The operator of the broker, and whoever owns the module that an error names. While the stream is down, alerts
wait in bronze: nothing is lost, everything after it is late.

**How to re-run** Clear the task, or do nothing: a failed task retries by itself from the checkpoint, and every write
is idempotent. Restarting Airflow neither stops nor doubles the stream. Its log is
`streams/<survey>.enrich/driver.log`.

**When not** To stop the stream, pause the DAG first, then mark the running task as failed; clearing it alone restarts
it. Do not clear a task that has succeeded: it would announce its night a second time.
"""

from airflow.sdk import DAG

from fink_lib.config import Settings
from fink_lib.orchestration.operators import StreamOperator
from fink_lib.orchestration.policy import START, STREAM_ARGS, Tag
from fink_lib.streams.spec import Stage
from fink_lib.surveys import running_surveys

TASK_DOC = """
Supervises the driver. **Failed**: the driver ended with an error; its sentence is the task's error, the trace is in
`driver.log`. **Stalled**: the driver lives but reports nothing; it is ended. Both are retried from the checkpoint:
always safe. Red at once is what a retry cannot mend, or what happened three times alike: the next run waits, without a
driver, and tries again after ten minutes to an hour; clear its task when the cause is mended. **Skipped**: somebody
stopped the driver; the next run starts it again.
"""

for survey in running_surveys(Settings()):
    with DAG(
        dag_id=f"{survey.name}_enrich",
        description=f"{survey.name}: bronze → silver or rejected, for ever",
        schedule="@continuous",
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=STREAM_ARGS,
        tags=[Tag.STREAMING, survey.name],
        doc_md=__doc__,
    ) as dag:
        StreamOperator(task_id="stream", survey=survey.name, stage=Stage.ENRICH, starts_closing=False, doc_md=TASK_DOC)
    globals()[dag.dag_id] = dag
