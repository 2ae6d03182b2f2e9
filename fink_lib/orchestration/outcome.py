"""The end of a run: green means that no task of it failed."""

from collections.abc import Sequence

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import BaseOperator, TriggerRule

DONE = "done"
DOC = """
Does nothing. Green when no task before it failed, and so is the run. **Failed upstream**: a red task before this one
says why. Clearing it is safe.
"""


def done(after: Sequence[BaseOperator]) -> EmptyOperator:
    """Return the last task of a run, after tasks of which some run, or are skipped, whatever happened before.

    Airflow calls a run a success when its last tasks are: one that draws a report of a failed night, or one that is
    skipped because nothing was rejected, would hide the failure.

    Parameters
    ----------
    after
        Every task whose failure the tasks after it would hide, and the last ones.
    """
    last = EmptyOperator(task_id=DONE, trigger_rule=TriggerRule.NONE_FAILED, doc_md=DOC)
    last.set_upstream(list(after))
    return last
