"""Data Docs of a night: Great Expectations' own page of each suite, in the night's folder, and a list of them."""

import logging
import shutil
from html import escape
from pathlib import Path
from typing import Any

from fink_lib.files import replace_text

logger = logging.getLogger(__name__)

FOLDER, INDEX = "docs", "index.html"
STYLE = "body{font:15px/1.6 Arial,'Liberation Sans',sans-serif;max-width:760px;margin:48px auto;color:#16212e}"


class DocsFolder:
    """Collects the pages of one judging; what an earlier one left is removed first.

    Parameters
    ----------
    night_folder
        Folder of the night's results.
    """

    def __init__(self, night_folder: Path) -> None:
        self.folder = night_folder / FOLDER
        shutil.rmtree(self.folder, ignore_errors=True)
        self._pages: list[tuple[str, bool]] = []
        self._view: Any = None  # one for all pages: each new view compiles the templates again

    def add(self, suite: str, found: Any) -> None:
        """Write the page of one suite; a page that cannot be drawn never stops a night.

        Parameters
        ----------
        suite
            Name of the suite, and of the page.
        found
            What Great Expectations returned; numbers of numpy in it are made Python's own.
        """
        from great_expectations.render.renderer.page_renderer import (  # noqa: PLC0415 - slow to import
            ValidationResultsPageRenderer,
        )
        from great_expectations.render.view.view import DefaultJinjaPageView  # noqa: PLC0415

        for result in found.results:
            value = result.result.get("observed_value")
            if hasattr(value, "item"):  # the renderer knows no numpy numbers
                result.result["observed_value"] = value.item()
        self._view = self._view or DefaultJinjaPageView()
        try:
            page = self._view.render(ValidationResultsPageRenderer().render(found))
        except Exception:
            logger.exception("suite=%s its page could not be drawn", suite)
            return
        replace_text(self.folder / f"{suite}.html", page)
        self._pages.append((suite, bool(found.success)))

    def write_index(self, title: str) -> str:
        """Write the list of pages; return its place relative to the night's folder, empty where there is no page."""
        if not self._pages:
            return ""
        lines = "".join(
            f'<li>{"✓" if success else "✗"} <a href="{escape(suite)}.html">{escape(suite)}</a></li>'
            for suite, success in self._pages
        )
        head = (
            f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
        )
        replace_text(self.folder / INDEX, f"{head}<h1>Data Docs</h1><p>{escape(title)}</p><ul>{lines}</ul></html>")
        return f"{FOLDER}/{INDEX}"
