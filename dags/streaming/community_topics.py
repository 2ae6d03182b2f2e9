"""Carries what people and programs say: `community_in` → the log, the log → `community_<survey>`.

**What** Keeps the process `jobs/streaming/community.py` running. What programs write to `community_in` goes through the
writer that the API uses; what cannot be used is kept in `bronze__community_refused` with the reason. What stands in
`gold__community` leaves on `community_<survey>`, restricted statements on topics of their circle alone.

**When** Always, once somebody unpauses it. A run ends each day; the process runs on, and the next run finds it.

**Who** The operator of the broker. While it is down, messages wait in Kafka, and statements in the log: nothing is
lost and nothing is sent twice. Who may write is granted by `fink kafka grant USER community_in`.

**How to re-run** Clear the task, or do nothing: a failed task retries by itself. Its log is `community/service.log`.

**When not** To stop the process, pause the DAG first, then mark the running task as failed.
"""

from airflow.sdk import DAG

from fink_lib.orchestration.community_service import CommunityTopicsOperator
from fink_lib.orchestration.policy import START, STREAM_ARGS, Tag

TASK_DOC = """
Supervises the process. **Failed**: it ended, or said nothing for a minute; the task's error is its last word. A retry
starts another one, which goes on where the last one ended: always safe.
"""

with DAG(
    dag_id="community_topics",
    description="community_in → what is said → community_<survey>, for ever",
    schedule="@continuous",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=STREAM_ARGS,
    tags=[Tag.STREAMING],
    doc_md=__doc__,
) as dag:
    CommunityTopicsOperator(task_id="carry", doc_md=TASK_DOC)
