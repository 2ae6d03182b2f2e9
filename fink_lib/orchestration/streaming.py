"""DAGs of streams: what they have in common, once. What differs stands in the table of streams."""

from airflow.sdk import DAG

from fink_lib.orchestration.operators import StreamOperator
from fink_lib.orchestration.policy import START, STREAM_ARGS, Tag
from fink_lib.streams.kinds import KINDS, Stage, supervised_kinds

LAST = Stage.DISTRIBUTE  # in the flow: its success starts the closing of a night

_CLOSES = """ As the last of the flow, its success starts `close_night`, one run for each drained night."""
_DOC = """{does}.

**What** Keeps the driver of the stream `{kind}` running. The driver is a process of its own (`jobs/streaming/{job}`);
Airflow starts it, watches its heartbeat and starts it again when it dies. Nothing of the data passes through Airflow.

**When** Always. One run lasts one night: when every stream of the survey is drained, the run succeeds, the driver
runs on, and the next run re-attaches to it.{closes}

**Who** The operator of the broker, and whoever owns the code that an error names. While the stream is down:
{while_down}

**How to re-run** Clear the task, or do nothing: a failed task retries by itself from the checkpoint, and every write
is idempotent. Restarting Airflow neither stops nor doubles the stream. Its log is
`streams/<survey>.{kind}/driver.log`.

**When not** To stop the stream, pause the DAG first, then mark the running task as failed; clearing it alone restarts
it. Do not clear a task that has succeeded: it would announce its night a second time.
"""
_TASK_DOC = """
Supervises the driver. **Failed**: the driver ended with an error; its sentence is the task's error, the trace is in
`driver.log`. **Stalled**: the driver lives but reports nothing; it is ended. Both are retried from the checkpoint:
always safe. Red at once is what a retry cannot mend, or what happened three times alike: the next run waits, without a
driver, and tries again after ten minutes to an hour; clear its task when the cause is mended. **Skipped**: somebody
stopped the driver; the next run starts it again.
"""


def stream_dags(survey: str) -> list[DAG]:
    """Return a DAG for each stream of a survey that always runs, in the order of the flow."""
    return [stream_dag(survey, kind) for kind in supervised_kinds()]


def stream_dag(survey: str, kind: str) -> DAG:
    """Return the DAG that keeps a stream running.

    Parameters
    ----------
    survey
        Its name.
    kind
        Of the stream; one of `KINDS` without a label.
    """
    facts, closes = KINDS[kind], kind == LAST
    does = facts.does[:1].upper() + facts.does[1:]
    doc = _DOC.format(
        does=does, kind=kind, job=facts.job, while_down=facts.while_down, closes=_CLOSES if closes else ""
    )
    with DAG(
        dag_id=f"{survey}_{kind}",
        description=f"{survey}: {facts.does}, for ever",
        schedule="@continuous",
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=STREAM_ARGS,
        tags=[Tag.STREAMING, survey],
        doc_md=doc,
    ) as dag:
        StreamOperator(task_id="stream", survey=survey, kind=kind, starts_closing=closes, doc_md=_TASK_DOC)
    return dag
