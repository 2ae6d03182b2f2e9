"""The pages of the modules say what the modules declare now."""

from pathlib import Path

import pyarrow as pa

from fink_lib.docs_pages.plots import Sample, draw
from fink_lib.docs_pages.science import FOLDER, PLOTS, pages, table, write
from fink_lib.science.framework.registry import MODULES
from fink_lib.science.framework.runner import Outcome


def test_the_pages_of_the_project_are_up_to_date() -> None:
    """Run `make science-docs` after a declaration has changed."""
    there = {path.name: path.read_text() for path in FOLDER.glob("*.md")}
    assert there == pages(FOLDER)


def test_each_page_holds_its_declaration() -> None:
    texts = pages(FOLDER)
    for module in MODULES:
        text = texts[f"{module.name}.md"]
        assert module.meaning in text
        assert module.reference in text
        assert all(f"`{out.name}`" in text for out in module.outputs)
        assert f"({module.name}.md)" in texts["README.md"]


def test_a_page_without_a_module_goes_away(tmp_path: Path) -> None:
    (tmp_path / "gone.md").write_text("old")
    written = write(tmp_path)
    assert sorted(path.name for path in written) == sorted(path.name for path in tmp_path.glob("*.md"))
    assert "gone.md" not in {path.name for path in written}


def test_a_bar_inside_a_cell_is_no_border() -> None:
    assert table(("a",), [("x|y",)])[-1] == "| x\\|y |"


def test_every_module_has_a_plot_and_its_page_shows_it() -> None:
    """Run `make science-plots` after a module was added."""
    drawn = {path.stem: path.read_bytes() for path in (FOLDER / PLOTS).glob("*.png")}
    assert set(drawn) == {module.name for module in MODULES}
    for name, text in pages(FOLDER).items():
        module = name.removesuffix(".md")
        assert module == "README" or f"]({PLOTS}/{module}.png)" in text
    assert all(content.startswith(b"\x89PNG") and len(content) > 3000 for content in drawn.values())


def test_a_plot_shows_values_or_else_the_reasons(tmp_path: Path) -> None:
    (module,) = [each for each in MODULES if each.name == "magnitude_rate"]
    empty = {out.name: pa.nulls(5, out.type) for out in module.outputs}
    reasons = dict.fromkeys(range(5), "not run: fewer than 2 detections")
    silent = Sample("alerts", (module,), Outcome(empty, {module.name: reasons}), 5)
    told = draw(module, [silent], tmp_path).read_bytes()
    full = {**empty, "mag_rate": pa.array([0.1, 0.2, 0.3, 0.3, None])}
    shown = draw(module, [silent, Sample("others", (module,), Outcome(full, {}), 5)], tmp_path).read_bytes()
    assert told.startswith(b"\x89PNG")
    assert told != shown
