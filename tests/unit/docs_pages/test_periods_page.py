"""The page of periods is what was measured."""

import json
from pathlib import Path

from fink_lib.docs_pages.periods import MEASURED, PAGE, PICTURE, draw, page

ROWS = json.loads(MEASURED.read_text())


def test_the_page_is_up_to_date() -> None:
    """Run `python -m fink_lib.docs_pages.periods` after the figures have changed."""
    assert PAGE.read_text() == page(ROWS)
    assert PICTURE.read_bytes().startswith(b"\x89PNG")


def test_the_plot_shows_the_figures(tmp_path: Path) -> None:
    draw(ROWS, tmp_path / "one.png")
    draw([{**row, "right": "0.0 [0.0, 1.0]"} for row in ROWS], tmp_path / "other.png")
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "other.png").read_bytes()
