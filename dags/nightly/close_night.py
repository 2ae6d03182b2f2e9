"""Closes one night of a survey: drain → reconcile, quality → crossmatch, compact, statistics → report → manifest.

**What** Waits until no stream has anything left, computes the night's equations, checks its tables, matches its alerts
with the catalogues, compacts, counts, reports, and writes the manifest. Results lie in `nights/<survey>/<night>/`.

**When** One run for each drained night, started by the rotation of `distribute`; the night is the run's partition
key. A night that gets late alerts is closed again, as a new version.

**Who** The operator of the broker. A red run means that the night stays open: the error of `manifest` says why.

**How to re-run** Clear the failed task with everything after it, or trigger the DAG with `{"night": "2021-11-22"}`.
Each step replaces what it wrote before.

**When not** Not while streams are stopped on purpose: `drain` waits for all three to run.
"""

from airflow.sdk import DAG, Param, PartitionedAssetTimetable

from fink_lib.config import Settings
from fink_lib.nightly.results import Step
from fink_lib.orchestration.assets import NIGHTS_TABLE, matches_asset, night_asset, survey_tables, table_asset
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
Matches the night's alerts with every catalogue in the lake. **Fails** when a catalogue's table is damaged or memory
runs out. It replaces what the night had: a retry is safe.
""",
    "compact": """
Rewrites the small files of the night into few. **Fails** for want of disk or memory; the tables are then as they
were. A retry is safe: readers and streams see the old files or the new ones.
""",
    "statistics": """
Counts the night by stage, filter, class and latency, in the versions that `reconcile` balanced. **Fails** only on
damaged tables. It replaces what it wrote before: a retry is safe.
""",
    "report": """
Draws the report, whatever happened before it: what is missing is said on the page. A retry is safe.
""",
    "manifest": """
Writes the night's manifest, whatever happened before it. **Fails** when the night does not close, with the reason in
one sentence; the manifest is written all the same, as a new version. A retry is safe.
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
