"""Which tables a page is about."""

from fink_lib.api.http.service import Service
from fink_lib.api.lake import Snapshot


def snapshot_of(service: Service, survey: str | None) -> Snapshot:
    """Return the newest tables of a survey, the first that is served where none is named, as whoever asks may see them.

    Parameters
    ----------
    service
        The lake.
    survey
        Name of a survey; the first that is served if none, or empty.

    Raises
    ------
    Refused
        When there is no such survey.
    """
    return service.lake.surveys[service.survey(survey or next(iter(service.lake.surveys))).name].now()
