"""Tidies the lake up: removes files that no table needs, old checkpoints and logs; records how tables lie on disk.

**What** Vacuums every table of the lake with the retention of `FINK_VACUUM_RETENTION_H`, removes checkpoints that no
stream starts from and task logs older than `FINK_LOG_RETENTION_DAYS`, and writes a row a table to `gold__table_stats`;
`upkeep.json` in the home says the same. The files of each night were already compacted when it was closed.

**When** Once a day. Nothing depends on it: a day without it costs disk, nothing else.

**Who** The operator of the broker. A table that was left alone because rows wait for a stream is named in the log and
in `gold__table_stats`: mend that stream.

**How to re-run** Clear the task or trigger the DAG: it finds what is left to do by itself.

**When not** Not within the retention after tables were restored from a copy: their files are younger than their logs.
"""

from airflow.sdk import DAG

from fink_lib.orchestration.maintenance import maintenance_dag

TASK_DOC = """
Removes only what left its table longer ago than the retention; readers and streams are not disturbed. **Fails** when
a table's log or a folder cannot be read or written: look at disk and permissions. A retry is safe.
"""

dag: DAG = maintenance_dag(
    "vacuum",
    schedule="@daily",
    description="remove what no table needs, and record how tables lie on disk",
    doc=__doc__,
    task="vacuum",
    task_doc=TASK_DOC,
)
