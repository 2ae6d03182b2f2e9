"""What people watch and ask for: nights matched with watch lists, boards filled, requests for observations moved on.

**What** Nights that were closed in the last two weeks are matched with watch lists and maps, each once; what filters
sent goes to the boards that ask for it; requests of `gold__community` are checked, sent and followed, each exactly once
however often a run dies; people who are called in public comments get a notice.

**When** Every five minutes, once somebody unpauses it. Nothing depends on it.

**Who** The operator keeps the file of facilities (`FINK_FACILITIES`). Nothing is sent to one unless the file and the
request both say `live`, and a person has approved the request.

**How to re-run** Trigger it: what was done is not done again.

**When not** Not to send a request again whose end is uncertain: `fink community followup` shows it, ask the facility.
"""

from airflow.sdk import DAG

from fink_lib.orchestration.maintenance import maintenance_dag

TASK_DOC = """
Does everything once. **Fails** when the lake or the file of facilities cannot be read. A facility that refuses or does
not answer is a state of its request and fails nothing. A retry is safe.
"""

dag: DAG = maintenance_dag(
    "community",
    schedule="*/5 * * * *",
    description="match watch lists, fill boards, move requests for observations on",
    doc=__doc__,
    task="round",
    task_doc=TASK_DOC,
)
