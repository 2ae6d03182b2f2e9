"""Computes nights of a survey again, shows what would change, and makes it live when a person says so.

**What** Looks at the tables and plans; runs bronze through the enrich code of today into candidate tables beside
the live ones; compares both; asks; then promotes the candidate, or discards it. Everything about a run lies in
`reprocess/<request>/`; the comparison is `diff.html`. The live tables change in `promote` alone.

**When** On demand: from the form of this page, by REST, or with `fink reprocess run --airflow`.
With `dry_run`, which is the default, the run ends with the comparison.

**Who** Analysts start it; whoever approves answers for it. Name, time and reason are kept in `gold__decisions`.

**How to re-run** Clear the failed task with everything after it. A promotion that was cut short is finished by
clearing `promote`. `fink reprocess undo` puts everything back as it was before a promotion, byte for byte.

**When not** Not for alerts that never reached bronze: replay them. Not for another answer of the same filters on
the same alerts: what was sent is not sent again, and nothing is called back.
"""

from airflow.providers.standard.operators.python import ShortCircuitOperator
from airflow.sdk import DAG, Param, TriggerRule, chain

from fink_lib.config import Settings
from fink_lib.orchestration.outcome import done
from fink_lib.orchestration.policy import NIGHTLY_ARGS, START, Tag
from fink_lib.orchestration.reprocess import DecisionOperator, ReprocessOperator, may_be_promoted
from fink_lib.surveys import running_surveys

DOC = {
    "plan": """
Counts rows, pins table versions and estimates the cost. **Fails** when the form asks for a night, module, catalogue
or version that is not there; the error names it. It only looks: a retry is safe.
""",
    "candidate": """
Writes the candidate tables. **Fails** for want of disk or memory, or when the code has changed since the plan. The
live tables are not touched and a second try replaces the first: a retry is safe.
""",
    "diff": """
Compares candidate and live, writes `diff.html` and `diff.json`; of a dry run the candidate tables then go. **Fails**
only on damaged tables. It replaces what it wrote before: a retry is safe.
""",
    "ask": """
Ends a dry run here: everything after it is skipped. **Fails** never on its own account; a retry is safe.
""",
    "approval": """
Waits for a person, in this page or by `fink reprocess approve|discard`. Approve promotes, Reject discards.
**Failed** means that somebody marked it so: nothing has happened to the live tables, and clearing it is safe.
""",
    "promote": """
Replaces the nights in silver and rejected, one commit each. **Fails** when the live nights have changed since the
comparison: then reprocess again. If it dies between two commits, a retry finishes it: a retry is safe.
""",
    "discard": """
Deletes the candidate tables after a rejection; what was asked and found stays. **Fails** only when the disk does;
a retry is safe.
""",
}

RUNS_AT_ONCE = 16  # one that waits for a person keeps no other waiting; how many compute is for the pool to say

for survey in running_surveys(Settings()):
    cuts = ", ".join(f"`cut.{cut.name}` ({cut.keep})" for cut in survey.cuts)
    choices = "".join(f"`keep_{cut.name}`, " for cut in survey.optional_cuts)
    form = {
        "first_night": Param(type="string", format="date", title="First night", description_md="Must be given."),
        "last_night": Param(None, type=["null", "string"], format="date", title="Last night",
                            description_md="Included; the first night alone when empty."),
        "modules": Param(None, type=["null", "array"], items={"type": "string"}, title="Science modules",
                         description_md="One a line; all when empty. Columns of other modules stay as they are."),
        "catalogs": Param(None, type=["null", "object"], title="Catalogue versions",
                          description_md='`{"vsx": "version"}`: the run refuses to start with any other.'),
        "bronze_version": Param(None, type=["null", "integer"], minimum=0, title="Version of bronze",
                                description_md="Delta version to read, by time travel; the newest when empty."),
        "overrides": Param(None, type=["null", "object"], title="Overrides",
                           description_md=f"For this run alone: {choices}or a cut as SQL: {cuts}."),
        "dry_run": Param(True, type="boolean", title="Dry run", description_md="Compare only; nothing can go live."),
        "reason": Param("", type=["null", "string"], title="Reason", description_md="Kept with the decision."),
    }  # fmt: skip
    with DAG(
        dag_id=f"{survey.name}_reprocess",
        description=f"{survey.name}: compute nights again, compare, decide",
        schedule=None,
        start_date=START,
        catchup=False,
        max_active_runs=RUNS_AT_ONCE,
        default_args=NIGHTLY_ARGS,
        params=form,
        tags=[Tag.ON_DEMAND, survey.name],
        doc_md=__doc__,
    ) as dag:
        plan, candidate, diff = (
            ReprocessOperator(task_id=step, survey=survey.name, step=step, doc_md=DOC[step])
            for step in ("plan", "candidate", "diff")
        )
        ask = ShortCircuitOperator(
            task_id="ask",
            python_callable=may_be_promoted,
            op_kwargs={"dry_run": "{{ params.dry_run }}"},
            doc_md=DOC["ask"],
        )
        approval = DecisionOperator(
            task_id="approval",
            subject=f"{survey.name}: reprocessed nights from {{{{ params.first_night }}}} go live?",
            body="{{ ti.xcom_pull(task_ids='diff') }}",
            params={"why": Param("", type=["null", "string"], title="Why")},
            doc_md=DOC["approval"],
        )
        promote = ReprocessOperator(
            task_id="promote", survey=survey.name, step="promote", announces=True, doc_md=DOC["promote"]
        )
        discard = ReprocessOperator(
            task_id="discard",
            survey=survey.name,
            step="discard",
            trigger_rule=TriggerRule.ALL_SKIPPED,
            doc_md=DOC["discard"],
        )
        chain(plan, candidate, diff, ask, approval, promote, discard)
        done([promote, discard])
    globals()[dag.dag_id] = dag
