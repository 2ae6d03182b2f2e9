"""What a trial is about: the filter and the night, as the tables have them."""

from fink_lib.community.consensus import Evidence
from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.community.training import training_set
from fink_lib.config import Settings
from fink_lib.distribute.trial import TrialRequest
from fink_lib.errors import ConfigError
from fink_lib.filters.users.store import Event, history, newest
from fink_lib.lake.tables import gold_community
from fink_lib.nights import parse_night
from fink_lib.science.framework.silver import silver_spec
from fink_lib.storage import LakePath
from fink_lib.streams.drain import rows_by_night
from fink_lib.surveys import get_survey

EVIDENCE = (str(Evidence.SPECTROSCOPIC), str(Evidence.HUMAN))
MOST_NIGHTS = 31
MOST_LABELS = 5_000  # of a trial: each is a word of Spark's query


def event_of(settings: Settings, request: TrialRequest) -> Event:
    """Return the newest version of the filter.

    Parameters
    ----------
    settings
        Where the lake is.
    request
        Survey and name of the filter.

    Raises
    ------
    ConfigError
        When there is no such filter.
    """
    return newest(history(settings.lake, request.survey, request.name), request.name)


def night_of(settings: Settings, request: TrialRequest) -> str:
    """Return the night.

    Parameters
    ----------
    settings
        Where the lake is.
    request
        Survey and night; without a night, the newest of silver.

    Returns
    -------
    The night as YYYY-MM-DD.

    Raises
    ------
    ConfigError
        When silver holds no such night.
    """
    nights = rows_by_night(silver_spec(get_survey(request.survey)).path(settings.lake))
    wanted = max(nights, default="") if request.night is None else parse_night(request.night).isoformat()
    if wanted not in nights:
        has = ", ".join(sorted(nights)) or "none"
        raise ConfigError(f"silver of {request.survey} holds no night '{wanted}': it has {has}")
    return wanted


def nights_of(settings: Settings, request: TrialRequest, last: str) -> list[str]:
    """Return the nights of silver from that of a request to the last one, the newest first.

    Parameters
    ----------
    settings
        Where the lake is.
    request
        Survey and first night; without a night, the newest of silver.
    last
        Last night, which is included.

    Returns
    -------
    Nights as YYYY-MM-DD.

    Raises
    ------
    ConfigError
        When silver does not hold the first one, or there are more than `MOST_NIGHTS`.
    """
    first = night_of(settings, request)
    end = parse_night(last).isoformat()
    there = rows_by_night(silver_spec(get_survey(request.survey)).path(settings.lake))
    found = sorted((night for night in there if first <= night <= end), reverse=True)
    if not found or len(found) > MOST_NIGHTS:
        raise ConfigError(f"{first} to {end} are {len(found)} nights of silver: try a filter on 1 to {MOST_NIGHTS}")
    return found


def public_labels(lake: LakePath, survey: str) -> dict[str, str]:
    """Return what objects are said to be, for everybody to read: by spectra before people, the newest first.

    Labels of programs are left out: a filter is not to be judged by another filter.

    Parameters
    ----------
    lake
        Root folder of the tables.
    survey
        Its name.

    Returns
    -------
    Object → label, of at most `MOST_LABELS` objects; empty where there is no table of labels yet.
    """
    if not (gold_community().path(lake) / "_delta_log").is_dir():
        return {}
    rows = training_set(Log(lake).now(), Person(), EVIDENCE).to_pylist()
    mine = [row for row in rows if row["survey"] == survey and row["object_id"]]
    ordered = sorted(mine, key=lambda row: (-EVIDENCE.index(row["evidence"]), row["at"]))
    return {row["object_id"]: row["label"] for row in ordered[-MOST_LABELS:]}
