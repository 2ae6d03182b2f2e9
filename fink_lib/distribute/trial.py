"""The trial of a user's filter: what its newest version does on a night of silver, by Spark as in the stream.

Whoever asks for one imports little: the job runs elsewhere.
"""

from dataclasses import asdict, dataclass
from typing import Any

from fink_lib.config import Settings
from fink_lib.files import JsonObject
from fink_lib.filters.users.trial import Trial
from fink_lib.job_server.door import Say, run_on_spark
from fink_lib.job_server.kinds import Kind, Run


@dataclass(frozen=True)
class TrialRequest:
    """What is tried on which night.

    Attributes
    ----------
    survey, name
        The filter: its newest version, active or not.
    night
        YYYY-MM-DD; the newest night of silver when None.
    table_version
        Of silver; the newest when None.
    alert_id
        Ask of this alert alone.
    """

    survey: str
    name: str
    night: str | None = None
    table_version: int | None = None
    alert_id: int | None = None


def try_filter(settings: Settings, request: TrialRequest, say: Say) -> tuple[int, Trial]:
    """Return the version of a filter that was tried, and what it does on a night.

    Parameters
    ----------
    settings
        Where the lake and the server of Spark's jobs are.
    request
        The filter and the night; its alert is to be None.
    say
        Is told how the job goes on.

    Raises
    ------
    ConfigError
        Naming what is not there, or why the predicate cannot run.
    """
    found = run_on_spark(settings, TRIAL, asdict(request), say)
    return found["version"], Trial.from_json(found)


def ask_of_alert(settings: Settings, request: TrialRequest, say: Say) -> list[tuple[str, bool | None]]:
    """Return each clause with what it says of one alert; None where a value that it needs is missing.

    Parameters
    ----------
    settings
        Where the lake and the server of Spark's jobs are.
    request
        The filter, the night and the alert, which may not be None.
    say
        Is told how the job goes on.

    Raises
    ------
    ConfigError
        As `try_filter`, and when the night holds no such public alert.
    """
    found: list[list[Any]] = run_on_spark(settings, TRIAL, asdict(request), say)["clauses"]
    return [(clause, answer) for clause, answer in found]


def _load() -> Run:
    from fink_lib.distribute.trial_job import run  # noqa: PLC0415 - it imports Spark

    return run


def _check(settings: Settings, asked: JsonObject) -> None:
    from fink_lib.distribute.trial_subject import event_of, night_of  # noqa: PLC0415 - they read tables

    event_of(settings, TrialRequest(**asked))
    night_of(settings, TrialRequest(**asked))


TRIAL = Kind("filter trial", _load, _check)
