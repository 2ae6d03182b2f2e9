"""Asks the schema registries of the surveys for what is newer than this broker's code, before packets come with it.

**What** Lists the schemas of each registry that is configured, compares those that are newer than the code with the
columns that packets are read into, and writes one stored packet of every version anew with them, for the judge of
ingest. The log says of each what is new, additive or breaking; who is told of nights gets it as a notice, once.

**When** Every six hours. Nothing depends on it: ingest fetches schemas by itself.

**Who** The operator of the broker.

**How to re-run** Clear the task or trigger the DAG: it only reads, and no notice leaves twice.

**When not** There is no such time.
"""

from airflow.sdk import DAG

from fink_lib.orchestration.maintenance import maintenance_dag

TASK_DOC = """
Reads the registries and some packets of bronze. **Fails** when a registry does not answer, and while a schema stands
there with which packets could not be read in full: the message names it, the log its fields. Change the survey's folder
before such packets come. A retry is safe.
"""

dag: DAG = maintenance_dag(
    "schema_watch",
    schedule="0 */6 * * *",
    description="tell what schemas that are newer than the code change",
    doc=__doc__,
    task="ask",
    task_doc=TASK_DOC,
)
