"""Runs the closing of past nights again: the steps of `close_night` after `drain`, in the same order.

**What** These steps, for any range of nights, several side by side. A night whose tables say
what they said before keeps its manifest; one that says something else gets a new version of it.

**When** By a backfill, from the UI or with
`fink airflow backfill create --dag-id ztf_rerun_nights --from-date 2021-11-20 --to-date 2021-11-22
--reprocess-behavior completed`. Of the range, the nights that were ever closed are run. Nothing starts by a clock.

**Who** The operator, after a repair of a nightly step; an analyst, for new statistics of old nights.

**How to re-run** Clear the failed task with everything after it, or make the backfill again. Each step replaces
what it wrote before, so that three runs leave what one leaves.

**When not** Not for a night that still streams: `close_night` waits for it, this does not. Not for new science:
that is `reprocess`.
"""

from airflow.sdk import DAG, Param

from fink_lib.config import Settings
from fink_lib.nightly.results import Step
from fink_lib.orchestration.assets import NIGHTS_TABLE, survey_tables, table_asset
from fink_lib.orchestration.closing import in_order, trigger_rule
from fink_lib.orchestration.jobs import NightJobOperator
from fink_lib.orchestration.policy import FIRST_NIGHT, NIGHTLY_ARGS, Pool, Tag
from fink_lib.orchestration.timetable import ClosedNightsTimetable
from fink_lib.surveys import running_surveys

NIGHT = Param(
    None,
    type=["null", "string"],
    format="date",
    title="Night",
    description_md="Night to run again, `YYYY-MM-DD`; for a range of nights choose *Backfill* above.",
)
NIGHTS_AT_ONCE = 16  # runs; how many of them compute is for the pool to say

for survey in running_surveys(Settings()):
    with DAG(
        dag_id=f"{survey.name}_rerun_nights",
        description=f"{survey.name}: close past nights again, by backfill",
        schedule=ClosedNightsTimetable(survey.name),
        start_date=FIRST_NIGHT,
        end_date=FIRST_NIGHT,  # for the scheduler: no run by the clock; a backfill does not ask for it
        catchup=False,
        max_active_runs=NIGHTS_AT_ONCE,
        default_args={**NIGHTLY_ARGS, "pool": Pool.RERUN.value},
        params={"night": NIGHT},
        tags=[Tag.NIGHTLY, survey.name],
        doc_md=__doc__,
    ) as dag:
        written = {Step.COMPACT: survey_tables(survey.name), Step.MANIFEST: [table_asset(NIGHTS_TABLE)]}
        steps = {
            step.value: NightJobOperator(
                task_id=step.value,
                survey=survey.name,
                step=step.value,
                tables=written.get(step, ()),
                only_known=True,
                trigger_rule=trigger_rule(step),
                doc_md=f"The step `{step}` of `{survey.name}_close_night`, with the same meaning. **Fails** as it does "
                "there; its documentation says why. It replaces what it wrote before: a retry is safe.",
            )
            for step in Step
        }
        in_order(steps)
    globals()[dag.dag_id] = dag
