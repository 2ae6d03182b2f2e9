"""Delivers notices: of nights that closed or stay open, of the alerts that filters sent.

**What** Closing a night puts into `gold__notices` what the subscriptions of `FINK_NOTICES` ask for. This run sends
what waits there, by webhook, Slack or mail, tries again with longer pauses, and records each try before it is made.

**When** Every ten minutes, once somebody unpauses it. Nothing depends on it.

**Who** The operator of the broker keeps the file of subscriptions; each says `live = true` when it is meant.

**How to re-run** Trigger it: what was delivered is not sent again.

**When not** Not to repeat a notice whose delivery is uncertain: `fink notices list` shows it, tell people by hand.
"""

from airflow.sdk import DAG

from fink_lib.orchestration.plain_jobs import JobOperator
from fink_lib.orchestration.policy import NIGHTLY_ARGS, START, Tag

TASK_DOC = """
Sends what waits. **Fails** when a receiver refuses a notice five times, or when nobody knows whether one arrived; the
sentence counts them. A retry sends those that were refused, never the others: it is safe.
"""

with DAG(
    dag_id="deliver_notices",
    description="tell people of nights and of filters' alerts",
    schedule="*/10 * * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=NIGHTLY_ARGS,
    tags=[Tag.MAINTENANCE],
    doc_md=__doc__,
) as dag:
    JobOperator(task_id="deliver", job="maintenance/deliver_notices", doc_md=TASK_DOC)
