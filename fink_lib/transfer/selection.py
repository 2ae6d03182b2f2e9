"""Which alerts of a night are asked for: the same evaluation as in the distribute stream."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame

from fink_lib.distribute.match import USERS, Match, match, narrow, paths_of
from fink_lib.errors import ConfigError
from fink_lib.filters.base import Filter
from fink_lib.filters.registry import active_filters, filters_of
from fink_lib.filters.users.spark.running import checked, lenient
from fink_lib.filters.users.store import history, newest
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey, get_survey
from fink_lib.transfer.request import By, TransferRequest


@dataclass(frozen=True)
class Chooser:
    """Chooses the alerts of a request; exactly one of both is set.

    Attributes
    ----------
    filters
        A filter of the broker.
    users
        A predicate, as the name of the request where it is true.
    """

    filters: tuple[Filter, ...]
    users: Column | None

    def choose(self, silver: DataFrame, survey: Survey, night: dt.date, most: int) -> list[Match]:
        """Return the public alerts of a night that are asked for, by their id; a few more than `most` are enough.

        Parameters
        ----------
        silver
            The alerts, of any nights.
        survey
            Whose.
        night
            Of the alerts.
        most
            How many are enough where a predicate chooses; a filter of the broker gives all.
        """
        with lenient(silver.sparkSession):
            source = narrow(silver.where(F.col("night") == F.lit(night)), survey, self.filters, self.users)
            if not self.filters:  # Spark itself has chosen: what is too much need not come here
                source = source.where(F.size(USERS) > 0).limit(most + 1)
            return sorted(match(source, self.filters), key=lambda one: (one.alert_id, one.key))


def chooser(request: TransferRequest, silver: DataFrame, lake: LakePath) -> Chooser:
    """Read what is asked for against the tables.

    Parameters
    ----------
    request
        What is asked: a filter, a class or a predicate.
    silver
        The alerts; its columns are those that can be named.
    lake
        Root folder of the tables, which has users' filters.

    Raises
    ------
    ConfigError
        When there is no such filter, class column or column, or the predicate is not allowed.
    """
    if request.by is By.FILTER:
        named = [one for one in filters_of(request.survey) if one.name == request.what]
        if named:
            return Chooser(_usable(named, silver), None)
        text = newest(history(lake, request.survey, request.what), request.what).predicate
    elif request.by is By.LABEL:
        text = _label_is(request.what, silver, get_survey(request.survey).report.label)
    else:
        text = request.what
    predicate = checked(silver, text, paths_of(silver.schema))
    with lenient(silver.sparkSession):
        chosen = F.array_compact(F.array(F.when(F.expr(predicate.sql), F.lit(request.transfer_id))))
    return Chooser((), chosen)


def _usable(named: Sequence[Filter], silver: DataFrame) -> tuple[Filter, ...]:
    usable = active_filters(named, paths_of(silver.schema))
    if not usable:
        raise ConfigError(f"filter '{named[0].name}' reads columns that silver does not have: it cannot be run on it")
    return tuple(usable)


def _label_is(label: str, silver: DataFrame, column: str) -> str:
    """Return the predicate of one class, by the column that holds it."""
    if column not in silver.columns:
        raise ConfigError(f"silver has no class yet (no column {column or 'for it'}): choose by filter or predicate")
    if "'" in label or "\\" in label:
        raise ConfigError(f"class {label[:80]!r} holds a quote: no class does")
    return f"{column} = '{label}'"
