"""Runs a job that belongs to no night: arguments in, its log in Airflow, its last word as the task's error."""

from collections.abc import Collection, Sequence
from typing import Any

from airflow.sdk import Asset, BaseOperatorLink, Context
from airflow.sdk.exceptions import AirflowSkipException

from fink_lib.config import Settings
from fink_lib.orchestration.child import failure, run_child
from fink_lib.orchestration.jobs import END_TIMEOUT_S, NightJobOperator
from fink_lib.processes.command import job_command
from fink_lib.processes.identity import end_processes_of
from fink_lib.streams.runner import job_environment


class JobOperator(NightJobOperator):
    """Runs ``jobs/<job>.py`` with arguments.

    What an earlier try left running, because its worker was killed, is ended first.

    Parameters
    ----------
    job
        Path of the job below ``jobs/``, without its suffix.
    arguments
        Its command line, templates.
    skip_when
        A template; the task is skipped when it says ``True``.
    side_by_side
        True where runs of the DAG go on beside each other: each has processes of its own.
    tables
        Tables that it writes.
    """

    template_fields: Sequence[str] = ("arguments", "skip_when", "run")
    operator_extra_links: Collection[BaseOperatorLink] = ()  # it has no night

    def __init__(
        self,
        *,
        job: str,
        arguments: Sequence[str] = (),
        skip_when: str = "",
        side_by_side: bool = False,
        tables: Sequence[Asset] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(survey="", step=job, night="", tables=tables, **kwargs)
        self.job = job
        self.arguments = list(arguments)
        self.skip_when = skip_when
        self.side_by_side = side_by_side

    @property
    def token(self) -> str:
        """What marks every process of this task."""
        mine = f"{self.dag_id}.{self.task_id}"
        return f"{mine}/{self.run}" if self.side_by_side else mine

    def execute(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature
        """Run the job and wait for it.

        Raises
        ------
        AirflowSkipException
            When it is to be skipped.
        JobFailed, AirflowFailException
            With the job's own sentence when it fails; the second where a retry is no use.
        """
        if self.skip_when == str(True):
            raise AirflowSkipException("this is a dry run: nothing is changed")
        settings = Settings()
        end_processes_of(self.token, END_TIMEOUT_S)
        command = job_command(settings.project / "jobs" / f"{self.job}.py", *self.arguments)
        self.log.info("job=%s arguments=%s", self.job, self.arguments)
        code, last_word = run_child(command, job_environment(settings, self.token), self.log.info)
        if code != 0:
            raise failure(self.job, code, last_word)
