"""Runs a nightly job as a process of its own, a fork of the task's: its log in Airflow, its last word as the error."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import Asset, BaseOperator, BaseOperatorLink, Context

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.nights import parse_night
from fink_lib.orchestration.assets import table_facts
from fink_lib.orchestration.child import failure, run_fork
from fink_lib.orchestration.closing_lock import Closing, take_turn
from fink_lib.orchestration.pages import DataDocsLink, ReportLink
from fink_lib.processes.identity import end_processes_of
from fink_lib.streams.drain import counted_nights
from fink_lib.streams.runner import job_environment

END_TIMEOUT_S = 15.0
TURN_POLL_S = 10.0  # a look costs the start of a worker
SQLITE_RUNS = 20  # of one DAG at once; 30, 16 tasks side by side, locked it until the scheduler died; 20 not in 700 s
NIGHT_OF_RUN = "{{ dag_run.partition_key or params.night }}"


def require_known(settings: Settings, survey: str, night: str) -> None:
    """Refuse a night that nothing is known of: closing it would write a manifest of nothing.

    Parameters
    ----------
    settings
        Where the lake and the folders of nights are.
    survey
        Its name.
    night
        YYYY-MM-DD.

    Raises
    ------
    ConfigError
        When it was never closed and no alert of it arrived.
    """
    if settings.night_dir(survey, night).is_dir() or night in counted_nights(settings, survey):
        return
    raise ConfigError(f"{survey} {night} was never closed and has no alert: `fink night list` shows the nights")


def require_bearable(settings: Settings, dag_id: str, runs: int) -> None:
    """Refuse more runs at once than Airflow's database bears.

    Parameters
    ----------
    settings
        Tell which database there is.
    dag_id, runs
        Whose runs, and how many of them are under way.

    Raises
    ------
    ConfigError
        When there are more than `SQLITE_RUNS`, and the database is SQLite.
    """
    if settings.airflow_db or runs <= SQLITE_RUNS:
        return
    raise ConfigError(
        f"{runs} runs of {dag_id} at once are more than are let on to SQLite, {SQLITE_RUNS}: make the backfill with "
        f"--max-active-runs {SQLITE_RUNS}, or let Airflow keep its state in PostgreSQL (FINK_AIRFLOW_DB)"
    )


class NightJobOperator(BaseOperator):
    """Runs ``jobs/nightly/<step>.py`` for one night of a survey.

    The job writes idempotently, so a retry is always safe. What an earlier try of the same run left running, because
    its worker was killed, is ended first. Another run that closes the same night is waited for, outside the worker:
    two never work on one night.

    Parameters
    ----------
    survey
        Whose night.
    step
        Name of the step and of its job.
    night
        Night to work on, a template: the partition of the run, or its parameter.
    tables
        Tables that the step writes; their events tell the night's rows and the Delta version.
    only_known
        True refuses a night that was never closed and has no alert.
    """

    template_fields: Sequence[str] = ("night", "run")
    ui_color = "#f9e2c7"
    operator_extra_links: Collection[BaseOperatorLink] = (ReportLink(), DataDocsLink())

    def __init__(
        self,
        *,
        survey: str,
        step: str,
        night: str = NIGHT_OF_RUN,
        tables: Sequence[Asset] = (),
        only_known: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(outlets=list(tables), **kwargs)
        self.survey = survey
        self.step = step
        self.night = night
        self.run = "{{ run_id }}"
        self.tables = list(tables)
        self.only_known = only_known

    def execute(self, context: Context) -> None:
        """Run the job and wait for it.

        Raises
        ------
        ConfigError
            When the run names no night, or one that there is not.
        JobFailed, AirflowFailException
            With the job's own sentence when it fails; the second where a retry is no use.
        """
        settings = Settings()
        night = parse_night(self.night).isoformat()
        if self.only_known:
            require_known(settings, self.survey, night)
            self._require_few(context, settings)
        self._take_turn(context, settings, night)
        end_processes_of(self.token, END_TIMEOUT_S)
        code, last_word = self._run(settings, night)
        if code != 0:
            raise failure(f"{self.step} of night {night}", code, last_word)
        for table in self.tables:
            context["outlet_events"][table].extra = table_facts(settings, self.survey, table.name, [night])

    def execute_again(self, context: Context, event: Any) -> None:  # noqa: ARG002 - Airflow's signature
        """Ask once more whether it is this run's turn.

        Parameters
        ----------
        context
            Of the run.
        event
            Not used.
        """
        self.execute(context)

    @property
    def closing(self) -> Closing:
        """The run that this step belongs to."""
        return Closing(self.dag_id, self.run)

    @property
    def token(self) -> str:
        """What marks every process of this step, night and run."""
        return f"{self.closing.token(f'{self.survey}.{self.night}')}/{self.step}"

    def _require_few(self, context: Context, settings: Settings) -> None:
        """Count the runs of this DAG that are under way; the first tasks of a run do."""
        if not self.upstream_task_ids:
            require_bearable(settings, self.dag_id, context["ti"].get_dr_count(self.dag_id, states=["running"]))

    def _take_turn(self, context: Context, settings: Settings, night: str) -> None:
        """Defer while another run closes the night."""

        def is_running(other: Closing) -> bool:
            return context["ti"].get_dr_count(dag_id=other.dag_id, run_ids=[other.run_id], states=["running"]) > 0

        folder = settings.night_dir(self.survey, night)
        other = take_turn(folder, f"{self.survey}.{night}", self.closing, is_running)
        if other is not None:
            self.log.info("night=%s is being closed by %s: waiting for its end", night, other)
            pause = TimeDeltaTrigger(dt.timedelta(seconds=TURN_POLL_S))
            self.defer(trigger=pause, method_name="execute_again")

    def on_kill(self) -> None:
        """End the job with every process of it."""
        end_processes_of(self.token, END_TIMEOUT_S)

    def _run(self, settings: Settings, night: str) -> tuple[int, str]:
        job = settings.project / "jobs" / "nightly" / f"{self.step}.py"
        whose = ("--survey", self.survey, "--night", night, "--run-id", self.run, "--dag-id", self.dag_id)
        self.log.info("job=%s night=%s run_id=%s", self.step, night, self.run)
        return run_fork(job, whose, job_environment(settings, self.token), self.log.info)
