"""What of a request can be refused by the logs of the tables alone, before a JVM is started."""

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.filters.registry import filters_of
from fink_lib.filters.users.predicate import parse_predicate
from fink_lib.filters.users.store import history, newest
from fink_lib.lake.delta import delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables.spec import column_paths
from fink_lib.science.framework.silver import silver_spec
from fink_lib.storage import LakePath
from fink_lib.streams.drain import delta_version, rows_by_night
from fink_lib.surveys import Survey, get_survey
from fink_lib.transfer.request import By, TransferRequest


def refuse_early(settings: Settings, request: TransferRequest) -> None:
    """Refuse a request that names what is not there; what only Spark can tell, types that do not fit, comes later.

    Parameters
    ----------
    settings
        Of the broker.
    request
        What is asked.

    Raises
    ------
    ConfigError
        Naming the survey, table, night, column, filter or word.
    """
    survey = get_survey(request.survey)
    spec = silver_spec(survey)
    path = spec.path(settings.lake)
    if delta_version(path) < 0:
        raise ConfigError(f"the lake has no {spec.full_name}: nothing can be transferred")
    require_nights(survey, request, set(rows_by_night(path)))
    columns = columns_of(path)
    unknown = sorted(set(request.columns) - columns)
    if unknown:
        raise ConfigError(f"silver has no column '{unknown[0]}': `fink filters columns` lists what there is")
    if request.by is By.PREDICATE:
        parse_predicate(request.what, columns)
    elif request.by is By.FILTER and all(one.name != request.what for one in filters_of(request.survey)):
        newest(history(settings.lake, request.survey, request.what), request.what)


def require_nights(survey: Survey, request: TransferRequest, there: set[str]) -> None:
    """Refuse nights that silver does not hold.

    Parameters
    ----------
    survey
        Whose silver.
    request
        Its range of nights, both ends included.
    there
        Nights that silver holds, as YYYY-MM-DD.

    Raises
    ------
    ConfigError
        When it holds none of the range.
    """
    first, last = request.first_night.isoformat(), request.last_night.isoformat()
    if not any(first <= night <= last for night in there):
        raise ConfigError(f"silver of {survey.name} holds no night from {first} to {last}")


def columns_of(path: LakePath) -> frozenset[str]:
    """Return every column of a table as a dotted path, through structs and lists of structs."""
    return column_paths(dataset_of(delta_table(path)).schema)
