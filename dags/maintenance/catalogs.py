"""Loads catalogues into the lake and matches again what a newer one changes.

**What** Compares the catalogue files (those of the packages, and those of the folder `FINK_CATALOGS`) with the tables
`gold__catalog_<name>`. A file that is new becomes the next version; the log tells which part of the sky changed. Every
night that was matched with an older version is then matched again there, and the log tells what flipped.

**When** Once a week, and whenever somebody triggers it. A file that is in the lake already changes nothing.

**Who** The operator of the broker. A red run means that a catalogue is not up to date; nights go on with the version
before it.

**How to re-run** Clear the task, or trigger the DAG with `{"names": ["vsx"]}`.

**When not** There is no such time: it is one process, and who matches a night meanwhile waits for a commit at most.
"""

from airflow.sdk import DAG, Param

from fink_lib.orchestration.assets import CATALOGS_TABLE, table_asset
from fink_lib.orchestration.maintenance import maintenance_dag

TASK_DOC = """
Loads and matches again. **Fails** when the form names a catalogue that there is no file of, when a file is damaged or
lacks a column: the error says which. Each catalogue is done by itself and only once: a retry is safe.
"""

NAMES = Param(
    None,
    type=["null", "array"],
    items={"type": "string"},
    title="Catalogues",
    description_md="Names, one a line, for example `vsx`. Empty means every catalogue that there is a file of.",
)

dag: DAG = maintenance_dag(
    "catalogs",
    schedule="@weekly",
    description="Load catalogues, match again what changed",
    doc=__doc__,
    task="refresh",
    task_doc=TASK_DOC,
    params={"names": NAMES},
    arguments=["--names={{ (params.names or []) | join(',') }}"],
    tables=[table_asset(CATALOGS_TABLE)],
)
