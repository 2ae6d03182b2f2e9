"""Airflow's side of a reprocessing: each step is a process; a person decides between two of them."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import BaseOperator, BaseOperatorLink, Context

from fink_lib.config import Settings
from fink_lib.nights import parse_night
from fink_lib.orchestration.assets import night_asset
from fink_lib.orchestration.broker_links import ComparisonLink
from fink_lib.orchestration.broker_pages import broker_address
from fink_lib.orchestration.child import failure, run_child
from fink_lib.processes.command import job_command
from fink_lib.processes.identity import end_processes_of
from fink_lib.streams.runner import job_environment

END_TIMEOUT_S = 15.0
REQUEST_ID = "{{ run_id | replace(':', '') | replace('+', '-') | replace('.', '-') }}"
# What the person who approved or rejected left behind; empty before that.
DECISION = "decision"
_LEFT = f"(ti.xcom_pull(task_ids='approval', key='{DECISION}') or {{}})"
DECIDED_BY = f"{{{{ {_LEFT}.get('by') or 'unknown' }}}}"
REASON = f"{{{{ {_LEFT}.get('why') or params.reason or '' }}}}"


class DecisionOperator(ApprovalOperator):
    """Asks a person, and leaves behind who answered and why; of a Reject, Airflow itself keeps nothing."""

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Keep the answer, then go on or skip as Airflow does.

        Parameters
        ----------
        context
            Of the run.
        event
            What Airflow's trigger yielded; the person and the form are in it, unless it is an error.
        """
        if "error" not in event:
            who, form = event["responded_by_user"] or {}, event["params_input"] or {}
            context["ti"].xcom_push(key=DECISION, value={"by": who.get("name"), "why": form.get("why")})
        return super().execute_complete(context, event)


class ReprocessOperator(BaseOperator):
    """Runs one step of ``jobs/on_demand/reprocess.py``.

    Every step replaces what it wrote before, or finishes what it began: a retry is always safe. What an earlier try
    left running, because its worker was killed, is ended first.

    Parameters
    ----------
    survey
        Whose nights.
    step
        Name of the step.
    announces
        True when the nights are to be closed again afterwards.
    """

    template_fields: Sequence[str] = ("request_id", "request", "decided_by", "reason")
    ui_color = "#e3e0f5"
    operator_extra_links: Collection[BaseOperatorLink] = (ComparisonLink(),)

    def __init__(self, *, survey: str, step: str, announces: bool = False, **kwargs: Any) -> None:
        self.night = night_asset(survey)
        super().__init__(outlets=[self.night] if announces else [], **kwargs)
        self.survey = survey
        self.step = step
        self.announces = announces
        self.request_id = REQUEST_ID
        self.request = "{{ params | tojson }}"
        self.decided_by = DECIDED_BY
        self.reason = REASON

    @property
    def token(self) -> str:
        """What marks every process of this step and request."""
        return f"reprocess.{self.request_id}.{self.step}"

    def execute(self, context: Context) -> str:
        """Run the step; return what the person who decides should read.

        Raises
        ------
        JobFailed, AirflowFailException
            With the job's own sentence when it fails; the second where a retry is no use.
        """
        settings = Settings()
        end_processes_of(self.token, END_TIMEOUT_S)
        self.log.info("step=%s request=%s", self.step, self.request_id)
        code, last_word = run_child(self.command(settings), job_environment(settings, self.token), self.log.info)
        if code != 0:
            raise failure(self.step, code, last_word)
        if self.announces:
            self._announce(context, self.folder(settings))
        return self._summary(self.folder(settings))

    def command(self, settings: Settings) -> list[str]:
        """Return the command line of the step."""
        job = settings.project / "jobs" / "on_demand" / "reprocess.py"
        request = json.dumps({**json.loads(self.request), "survey": self.survey})
        decision = [f"--by={self.decided_by}", f"--reason={self.reason}"]  # what a person wrote may begin with a dash
        return job_command(job, self.step, "--id", self.request_id, "--request", request, *decision)

    def folder(self, settings: Settings) -> Path:
        """Return the folder of the request."""
        return settings.home / "reprocess" / self.request_id

    def on_kill(self) -> None:
        """End the step with every process of it."""
        end_processes_of(self.token, END_TIMEOUT_S)

    def _summary(self, folder: Path) -> str:
        path = folder / "diff.md"
        if not path.exists():
            return f"request {self.request_id}: {self.step} done"
        shown = broker_address(f"reprocess/{self.request_id}/diff.html")
        return path.read_text(encoding="utf-8").replace(f"`{folder / 'diff.html'}`", f"[the comparison]({shown})")

    def _announce(self, context: Context, folder: Path) -> None:
        """Have the nights closed again: what stands in silver is no longer what their manifests say."""
        nights = [str(night) for night in json.loads((folder / "plan.json").read_text())["nights"]]
        told = {parse_night(night).isoformat(): f"reprocessed {self.request_id}" for night in nights}
        context["outlet_events"][self.night].extra = {"survey": self.survey, "nights": dict(told)}
        context["outlet_events"][self.night].add_partitions(sorted(told))


def may_be_promoted(dry_run: str) -> bool:
    """Tell whether a person is asked: a dry run ends with its comparison. Only a plain False is none."""
    return dry_run.strip().lower() == "false"
