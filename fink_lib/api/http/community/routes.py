"""All routes of what people say and ask for, below one path."""

from fastapi import APIRouter

from fink_lib.api.http.community.asking import asking_router
from fink_lib.api.http.community.citing import citing_router
from fink_lib.api.http.community.reading import reading_router
from fink_lib.api.http.community.reporting import reporting_router
from fink_lib.api.http.community.writing import writing_router
from fink_lib.api.lake import Lake
from fink_lib.community.log import Log

PATH = "/community"


def community_router(log: Log, lake: Lake) -> APIRouter:
    """Return the routes.

    Parameters
    ----------
    log
        What people say.
    lake
        What reports are written from, with the settings.
    """
    router = APIRouter(prefix=PATH)
    router.include_router(reading_router(log))
    router.include_router(writing_router(log))
    router.include_router(asking_router(log, lake.settings))
    router.include_router(reporting_router(log, lake))
    router.include_router(citing_router(log, lake.settings))
    return router
