"""All routes of what people say and ask for, below one path."""

from fastapi import APIRouter

from fink_lib.api.http.community.asking import asking_router
from fink_lib.api.http.community.citing import citing_router
from fink_lib.api.http.community.reading import reading_router
from fink_lib.api.http.community.writing import writing_router
from fink_lib.community.log import Log
from fink_lib.config import Settings

PATH = "/community"


def community_router(log: Log, settings: Settings) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix=PATH)
    router.include_router(reading_router(log))
    router.include_router(writing_router(log))
    router.include_router(asking_router(log, settings))
    router.include_router(citing_router(log, settings))
    return router
