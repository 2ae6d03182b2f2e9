"""Closes a night: reconcile, quality → crossmatch, objects, compact, events, statistics, serve → report → manifest.

**What** Waits until no stream has anything left, computes the night's equations, checks its tables, matches its alerts
with catalogues and events, compacts, counts, writes the tables that people read, reports, and writes the manifest.
Results lie in `nights/<survey>/<night>/`.

**When** One run for each drained night, started by the rotation of `distribute`; the night is the run's partition
key. A night that gets late alerts is closed again, as a new version.

**Who** The operator. A red `manifest` means that the night stays open; `events` or `serve` alone leave it closed.

**How to re-run** Clear the failed task with everything after it, or trigger the DAG with `{"night": "2021-11-22"}`.
Each step replaces what it wrote before.

**When not** While streams are stopped on purpose: `drain` waits for all three.
"""

from airflow.sdk import DAG, Param, PartitionedAssetTimetable

from fink_lib.config import Settings
from fink_lib.nightly.results import Step
from fink_lib.orchestration.assets import (
    NIGHTS_TABLE,
    matches_asset,
    night_asset,
    objects_assets,
    survey_tables,
    table_asset,
)
from fink_lib.orchestration.closing import in_order, trigger_rule
from fink_lib.orchestration.jobs import NightJobOperator
from fink_lib.orchestration.operators import DrainOperator
from fink_lib.orchestration.policy import NIGHTLY_ARGS, START, Pool, Tag
from fink_lib.surveys import running_surveys

DOC = {
    "drain": """
Waits until every stream runs, has no lag and is quiet. **Fails** when the deadline passes first; the error names the
stream that holds it up. Safe to clear at any time: it only looks. Nothing after it runs but the report.
""",
    "reconcile": """
Computes `offered = bronze + quarantine`, `bronze = silver + rejected + repeats + quarantine(enrich)` and topics =
`published`. **Fails** when one does not hold, and names the lost ids: do not retry before they are explained; the
numbers are in `reconcile.json`. It reads only, so a retry is safe.
""",
    "quality": """
Checks every table of the night against its expectations, and the night against those before it; beside `reconcile`.
**Fails** when a critical one does: nothing may be built on this night. Warnings are reported only; results are kept
in `gold__quality_results` and as Data Docs, which the log links. A retry replaces them and is safe.
""",
    "crossmatch": """
Matches the night with every catalogue in the lake. **Fails** when a catalogue's table is damaged. A retry is safe.
""",
    "objects": """
Merges the night into the survey's objects, and makes anew the pairs that it may concern. **Fails** when a table is
damaged, or when other nights commit first again and again. It replaces what the night said: a retry is safe.
""",
    "events": """
Collects notices that wait, matches the alerts of the night, and of past nights whose events changed. **Fails** when
notices cannot be read, after it matched with what is known; the night closes without it. A retry is safe.
""",
    "compact": """
Rewrites the small files of the night into few. **Fails** for want of disk or memory; the tables are then as they
were. A retry is safe: readers and streams see the old files or the new ones.
""",
    "statistics": """
Counts the night in the versions that `reconcile` balanced. **Fails** only on damaged tables. A retry is safe.
""",
    "serve": """
Writes the night's public alerts into the tables that the API reads. **Fails** on damaged tables or for want of disk;
the API then goes on reading the night from silver. A retry is safe.
""",
    "report": """
Draws the report, whatever happened before it: what is missing is said on the page. A retry is safe.
""",
    "manifest": """
Writes the manifest, as a new version. **Fails** when the night does not close, with the reason. A retry is safe.
""",
}
NIGHT = Param(
    None,
    type=["null", "string"],
    format="date",
    title="Night",
    description_md="Night to close, `YYYY-MM-DD`. Leave it empty in runs that a drained night starts.",
)

for survey in running_surveys(Settings()):
    with DAG(
        dag_id=f"{survey.name}_close_night",
        description=f"{survey.name}: close, check and report one night",
        schedule=PartitionedAssetTimetable(assets=night_asset(survey.name)),
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=NIGHTLY_ARGS,
        params={"night": NIGHT},
        tags=[Tag.NIGHTLY, survey.name],
        doc_md=__doc__,
    ) as dag:
        drain = DrainOperator(task_id="drain", survey=survey.name, pool=Pool.STREAMS.value, doc_md=DOC["drain"])
        tables = {
            Step.CROSSMATCH: [matches_asset(survey.name)],
            Step.OBJECTS: objects_assets(survey.name),
            Step.COMPACT: survey_tables(survey.name),
            Step.MANIFEST: [table_asset(NIGHTS_TABLE)],
        }
        steps = {
            step.value: NightJobOperator(
                task_id=step.value,
                survey=survey.name,
                step=step.value,
                tables=tables.get(step, ()),
                trigger_rule=trigger_rule(step),
                doc_md=DOC[step],
            )
            for step in Step
        }
        in_order(steps, drain)
    globals()[dag.dag_id] = dag
