"""Writes past alerts of a survey to a topic of their own, for somebody who downloads them with finkctl.

**What** `plan` counts what the form selects and holds it against the quota. `send` writes the alerts to
`ftransfer_<survey>_<date>_<name>`, counts the topic, and only then announces it by its schema topic. The last line of
its log is the command that downloads it; `transfers/<name>/manifest.json` says what it holds.

**When** Only when somebody triggers it. With `dry_run`, which is the default, it ends after `plan`.

**Who** Scientists ask; only public alerts leave.

**How to re-run** Clear `send`: it goes on where it ended, and sends nothing twice.

**When not** Not for alerts of tonight: subscribe to a topic instead.
"""

from airflow.sdk import DAG, Param, chain

from fink_lib.config import Settings
from fink_lib.orchestration.plain_jobs import JobOperator
from fink_lib.orchestration.policy import NIGHTLY_ARGS, START, Tag
from fink_lib.surveys import running_surveys

TEXT = ["null", "string"]
FORM = {
    "first_night": Param(type="string", format="date", title="First night", description_md="Must be given."),
    "last_night": Param(None, type=TEXT, format="date", title="Last night", description_md="Included."),
    "by": Param("filter", type="string", enum=["filter", "class", "predicate"], title="Choose alerts by"),
    "what": Param(type="string", title="Which", description_md="Name of a filter, a class, or a predicate in SQL."),
    "content": Param("full", type="string", enum=["full", "without_cutouts", "columns"], title="How much of each"),
    "columns": Param(
        None, type=["null", "array"], items={"type": "string"}, title="Columns", description_md="One a line, dotted."
    ),
    "reason": Param(None, type=TEXT, title="Reason", description_md="Kept in the manifest."),
    "dry_run": Param(True, type="boolean", title="Dry run", description_md="Count what would be sent, send nothing."),
}
# The transfer's name is made of all of it: clearing a task goes on with the same topic.
REQUEST = (
    "{{ dict(params, survey='%s', run_id=run_id, dry_run=none, asked_at=dag_run.run_after | ds, "
    "asked_by=dag_run.triggering_user_name or 'airflow') | tojson }}"
)

for survey in running_surveys(Settings()):
    with DAG(
        dag_id=f"{survey.name}_transfer",
        description=f"{survey.name}: past alerts to a topic of their own",
        schedule=None,
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=NIGHTLY_ARGS,
        params=FORM,
        tags=[Tag.ON_DEMAND, survey.name],
        doc_md=__doc__,
    ) as dag:
        request = REQUEST % survey.name
        plan = JobOperator(
            task_id="plan",
            job="on_demand/transfer",
            arguments=["--request", request, "--plan"],
            doc_md="""
Counts what is selected. **Fails** when nothing is, when it is more than the quota, or when the form names something
that is not there. It sends nothing: a retry is safe.
""",
        )
        send = JobOperator(
            task_id="send",
            job="on_demand/transfer",
            arguments=["--request", request],
            skip_when="{{ params.dry_run }}",
            doc_md="""
Sends, counts and announces. **Fails** when Kafka does not take everything. What stands on the topic is not sent
again: a retry is safe.
""",
        )
        chain(plan, send)
    globals()[dag.dag_id] = dag
