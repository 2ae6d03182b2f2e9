"""Alerts judged and sent by Spark's tasks: as many at once as there are cores, each by a producer of its process."""

import pickle
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace

from pyspark import SparkContext, TaskContext

from fink_lib.distribute.handing import Handing
from fink_lib.distribute.work import Answer, Part, perform
from fink_lib.errors import BrokerError
from fink_lib.kafka.sending import Sender
from fink_lib.processes.error_summary import sentence_of

END_S = 60.0  # within which a task that was given up is gone: Spark kills its process after two seconds
POLL_S = 0.1
# No message is offered by two tasks: one that failed is not tried again, and none is run twice to be sure.
ONCE = {"spark.task.maxFailures": "1", "spark.speculation": "false"}

_open: dict[str, tuple[Handing, Sender]] = {}  # of this process, one at a time: its connections and what it has read


def send_by_tasks(context: SparkContext, handing: Handing, parts: Sequence[Part]) -> list[Answer]:
    """Judge and send parts of a batch, each by one task; return what became of each.

    Where a task died, nobody knows what it sent: the answer is then one that says so, given once no task is at work
    any more.

    Parameters
    ----------
    context
        Spark, set up with `ONCE`.
    handing
        How alerts are judged and messages made.
    parts
        Alerts by task.

    Raises
    ------
    BrokerError
        When tasks cannot be ended: while they may still send, nobody may look at the topics.
    """
    group = f"send-{uuid.uuid4().hex}"
    context.setJobGroup(group, "send alerts", interruptOnCancel=True)
    try:
        work = context.parallelize([(handing, part) for part in parts], len(parts))
        return work.map(_send).collect()
    except Exception as error:  # noqa: BLE001 - a process that was killed, say: the caller tells
        _end(context, group)
        return [Answer([], error, is_known=False)]
    finally:
        context.setLocalProperty("spark.jobGroup.id", None)  # type: ignore[arg-type]  # which is how it is unset


def _send(work: tuple[Handing, Part]) -> Answer:
    """Send one part, in the process of a task.

    Raises
    ------
    RuntimeError
        When Spark runs the task again, as it does for executors that are taken away: nobody knows what the first sent.
    """
    task = TaskContext.get()
    if task is not None and task.attemptNumber() > 0:
        raise RuntimeError("a task that sends alerts is not done again")
    handing, part = work
    if handing.key not in _open:
        for _, old in _open.values():
            old.close()
        _open.clear()
        _open[handing.key] = handing, Sender(handing.settings)
    kept, sender = _open[handing.key]
    answer = perform(kept, part, sender)
    return replace(answer, error=_portable(answer.error))


def _portable(error: Exception | None) -> Exception | None:
    """Return an error that the driver can be told: itself, or what it says."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    except Exception:  # noqa: BLE001 - classes that take more than one argument, objects that cannot travel
        return RuntimeError(sentence_of(error)) if error is not None else None
    return error


def _end(context: SparkContext, group: str) -> None:
    """Wait until no task of a group is at work."""
    context.cancelJobGroup(group)
    deadline = time.monotonic() + END_S
    while _is_at_work(context, group):
        if time.monotonic() > deadline:
            raise BrokerError(f"tasks that send alerts did not end within {END_S:.0f} s: the driver ends with them")
        time.sleep(POLL_S)


def _is_at_work(context: SparkContext, group: str) -> bool:
    tracker = context.statusTracker()
    jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(group)]
    stages = [tracker.getStageInfo(stage) for job in jobs if job is not None for stage in job.stageIds]
    return any(stage is not None and stage.numActiveTasks > 0 for stage in stages)
