"""Delivers notices: of nights that closed or stay open, of the alerts that filters sent.

**What** Closing a night puts into `gold__notices` what the subscriptions of `FINK_NOTICES` ask for. This run sends
what waits there, by webhook, Slack or mail, tries again with longer pauses, and records each try before it is made.

**When** Every ten minutes, once somebody unpauses it. Nothing depends on it.

**Who** The operator of the broker keeps the file of subscriptions; each says `live = true` when it is meant.

**How to re-run** Trigger it: what was delivered is not sent again.

**When not** Not to repeat a notice whose delivery is uncertain: `fink notices list` shows it, tell people by hand.
"""

from airflow.sdk import DAG

from fink_lib.orchestration.maintenance import maintenance_dag

TASK_DOC = """
Sends what waits. **Fails** when a receiver refuses a notice five times, or when nobody knows whether one arrived; the
sentence counts them. A retry sends those that were refused, never the others: it is safe.
"""

dag: DAG = maintenance_dag(
    "deliver_notices",
    schedule="*/10 * * * *",
    description="tell people of nights and of filters' alerts",
    doc=__doc__,
    task="deliver",
    task_doc=TASK_DOC,
)
