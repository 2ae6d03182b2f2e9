"""The reports and Data Docs of nights, served by Airflow's own server to whoever is logged in there, and links to them.

The app is made at the first request: only the server pays for importing what serves it.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from airflow.sdk import BaseOperator, BaseOperatorLink

from fink_lib.config import Settings

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey

PREFIX = "/fink-nights"
SHOWN = frozenset({".html", ".json"})

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class NightPages:
    """An ASGI app that serves the pages of a folder of nights."""

    def __init__(self) -> None:
        self._app: Any = None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._app is None:
            self._app = pages_app()
        await self._app(scope, receive, send)


def pages_app() -> Any:
    """Return the app: a page for a user of Airflow, and for nobody else."""
    from airflow.api_fastapi.core_api.security import get_user  # noqa: PLC0415 - the server's alone
    from fastapi import Depends, FastAPI, HTTPException  # noqa: PLC0415
    from fastapi.responses import FileResponse  # noqa: PLC0415

    app = FastAPI(title="Nights", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/{place:path}", dependencies=[Depends(get_user)])
    def page(place: str) -> FileResponse:
        found = page_file(Settings().nights, place)
        if found is None:
            raise HTTPException(404, "there is no such page")
        return FileResponse(found)

    return app


def page_file(nights: Path, place: str) -> Path | None:
    """Return the file of a page below a folder, None where there is none that may be shown.

    Parameters
    ----------
    nights
        The folder; what a link or ``..`` leads to outside of it is not shown.
    place
        Path below the folder; ``index.html`` when empty.
    """
    root = nights.resolve()
    found = (root / (place or "index.html")).resolve()
    return found if found.is_relative_to(root) and found.suffix in SHOWN and found.is_file() else None


class ReportLink(BaseOperatorLink):
    """A button on each nightly task: the report of its night."""

    @property
    def name(self) -> str:
        """Name of the button."""
        return "Report of the night"

    def get_link(self, operator: BaseOperator, *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002 - Airflow's signature
        """Return its address.

        Parameters
        ----------
        operator
            A nightly task.
        ti_key
            Not used.
        """
        return night_address(operator, "report.html")


class DataDocsLink(BaseOperatorLink):
    """A button on each nightly task: what the expectations found."""

    @property
    def name(self) -> str:
        """Name of the button."""
        return "Data Docs"

    def get_link(self, operator: BaseOperator, *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002 - Airflow's signature
        """Return its address.

        Parameters
        ----------
        operator
            A nightly task.
        ti_key
            Not used.
        """
        return night_address(operator, "docs/index.html")


def night_address(operator: BaseOperator, page: str) -> str:
    """Return the address of a page of the night that an operator works on, on the server that shows the link.

    Parameters
    ----------
    operator
        A nightly task: it has a survey and a night.
    page
        Path below the folder of the night.
    """
    survey, night = cast("str", getattr(operator, "survey", "")), cast("str", getattr(operator, "night", ""))
    return f"{Settings().airflow_url.rstrip('/')}{PREFIX}/{survey}/{night}/{page}"
