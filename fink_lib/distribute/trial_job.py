"""The trial of a user's filter, in a Spark session."""

from dataclasses import replace
from functools import partial

from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.distribute.match import is_public, paths_of
from fink_lib.distribute.trial import TrialRequest
from fink_lib.distribute.trial_subject import event_of, night_of, public_labels
from fink_lib.files import JsonObject
from fink_lib.filters.users.spark.known import known_of
from fink_lib.filters.users.spark.running import checked
from fink_lib.filters.users.spark.trial import attempt, judged, why
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.spark.together import together
from fink_lib.nights import parse_night
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import get_survey


def run(session: SparkSession, settings: Settings, asked: JsonObject) -> JsonObject:
    """Try a filter on the public alerts of a night, or tell what its clauses say of one of them.

    Parameters
    ----------
    session
        Reads silver.
    settings
        Where the lake is.
    asked
        Fields of a `TrialRequest`.

    Returns
    -------
    For one alert ``clauses``: pairs of clause and answer. Otherwise what the trial found, and ``version`` of the
    filter.
    """
    request = TrialRequest(**asked)
    event, night, survey = event_of(settings, request), night_of(settings, request), get_survey(request.survey)
    silver = read_table(silver_spec(survey), session, settings.lake, request.table_version)
    alerts = silver.where(silver["night"] == night).where(is_public(survey))
    predicate = checked(alerts, event.predicate, paths_of(alerts.schema))
    if request.alert_id is not None:
        return {"clauses": why(alerts, request.alert_id, predicate)}
    rows = judged(alerts, predicate).persist()
    labels = public_labels(settings.lake, request.survey)
    try:
        found, known = together(
            rows.sparkSession,
            partial(attempt, rows, parse_night(night), predicate),
            partial(known_of, rows, labels),
        )
    finally:
        rows.unpersist()
    return {**replace(found, known=known).as_json(), "version": event.version}
