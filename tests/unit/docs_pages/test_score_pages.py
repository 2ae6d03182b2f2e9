"""Pages of scores say what was measured, or that nothing was; the matrix beside Fink's modules has no hole."""

import json
from collections import Counter
from pathlib import Path

from fink_lib.docs_pages import figures, matrix
from fink_lib.docs_pages.science import FOLDER, page
from fink_lib.science.framework.registry import MODULES

BY_NAME = {module.name: module for module in MODULES}


def test_nothing_of_fink_lacks_a_counterpart_or_a_reason() -> None:
    assert matrix.unexplained() == []
    counts = Counter(each.survey for each in matrix.COUNTERPARTS)
    assert counts == {"ztf": 18, "lsst": 8}


def test_the_page_of_a_score_without_figures_says_so_first(tmp_path: Path) -> None:
    lines = page(BY_NAME["cats"], tmp_path, has_plot=False).splitlines()
    assert lines[3] == figures.UNMEASURED
    assert figures.UNMEASURED not in page(BY_NAME["quality"], tmp_path, has_plot=False)


def test_rows_that_a_command_wrote_are_on_the_page(tmp_path: Path) -> None:
    (tmp_path / figures.FIGURES).mkdir()
    rows = [{"class": "nova", "flagged": "1.0 [0.2, 3.0]"}]
    (tmp_path / figures.FIGURES / "microlensing.json").write_text(json.dumps(rows))
    text = page(BY_NAME["microlensing"], tmp_path, has_plot=False)
    assert "| nova | 1.0 [0.2, 3.0] |" in text
    assert "`fink science plant microlensing --json" in text
    assert figures.UNMEASURED not in text


def test_every_file_of_figures_has_its_command() -> None:
    there = {path.stem for path in (FOLDER / figures.FIGURES).glob("*.json")}
    assert there == set(figures.COMMANDS)


def test_the_page_of_vsx_says_what_its_file_leaves_out() -> None:
    assert "61 are YSO" in page(BY_NAME["variable_stars"], FOLDER, has_plot=False)
