"""Releases messages from the quarantine of a survey: replays them into bronze after a fix, or discards them.

**What** `plan` lists the messages that the form selects, with what the code of today makes of each. `release` then
decodes them anew by the code of ingest and appends the good ones to bronze, or records that they are discarded. Alerts
that enrich set aside for an error that nobody foresaw (`unforeseen`) are tried again by its driver. Each release is
kept with who, when and why. A dry run stops after `plan`.

**When** Only when somebody triggers it, after the cause was mended: a schema added, a bug fixed.

**Who** The operator of the broker. The nights that get new rows are closed again by themselves.

**How to re-run** Trigger it again with the same form: what was released already is left alone.

**When not** Not for alerts that broke a rule in enrich (`bad_value`): they are in bronze, reprocess their night.
"""

from airflow.sdk import DAG, Param, chain

from fink_lib.config import Settings
from fink_lib.orchestration.plain_jobs import JobOperator
from fink_lib.orchestration.policy import NIGHTLY_ARGS, START, Tag
from fink_lib.surveys import running_surveys

TEXT = ["null", "string"]  # the form does not send a text that must be there and is empty
FIELDS = {
    "night": Param(None, type=TEXT, format="date", title="Night", description_md="Messages of one night."),
    "error_class": Param(None, type=TEXT, title="Kind of damage", description_md="For example `unknown_schema`."),
    "stage": Param(None, type=TEXT, title="Stage", description_md="That refused them: `ingest` or `enrich`."),
    "topic": Param(None, type=TEXT, title="Topic", description_md="Messages of one Kafka topic."),
    "messages": Param(
        None, type=TEXT, format="multiline", title="Messages", description_md="One a line: `topic:partition:offset`."
    ),
}
FORM = {
    "action": Param("replay", type="string", enum=["replay", "discard"], title="What to do"),
    **FIELDS,
    "why": Param(None, type=TEXT, title="Reason", description_md="Kept with each release; a dry run needs none."),
    "dry_run": Param(True, type="boolean", title="Dry run", description_md="List what is selected, change nothing."),
}
# Each with its name in one word: what a person wrote may begin with a dash.
ASKED = [
    "--night={{ params.night or '' }}",
    "--error-class={{ params.error_class or '' }}",
    "--stage={{ params.stage or '' }}",
    "--topic={{ params.topic or '' }}",
    "--messages={{ params.messages or '' }}",
    "--why={{ params.why or '' }}",
    "--who={{ dag_run.triggering_user_name or 'airflow' }}",
    "--dry-run={{ params.dry_run }}",
]

for survey in running_surveys(Settings()):
    with DAG(
        dag_id=f"{survey.name}_replay_quarantine",
        description=f"{survey.name}: replay or discard quarantined messages",
        schedule=None,
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=NIGHTLY_ARGS,
        params=FORM,
        tags=[Tag.ON_DEMAND, survey.name],
        doc_md=__doc__,
    ) as dag:
        command = ["--survey", survey.name, "--action", "{{ params.action }}", *ASKED]
        plan = JobOperator(
            task_id="plan",
            job="on_demand/replay_quarantine",
            arguments=[*command, "--plan"],
            doc_md="""
Lists what is selected. **Fails** when the form names a message, night, topic or kind of damage that the quarantine
does not have; and, of a release, when it selects nothing or gives no reason. It reads only: a retry is safe.
""",
        )
        release = JobOperator(
            task_id="release",
            job="on_demand/replay_quarantine",
            arguments=command,
            skip_when="{{ params.dry_run }}",
            doc_md="""
Releases what is selected; a dry run skips it. **Fails** for want of disk or memory. Each message is released once: a
retry is safe.
""",
        )
        chain(plan, release)
    globals()[dag.dag_id] = dag
