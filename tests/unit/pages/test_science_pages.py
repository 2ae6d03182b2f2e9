"""The pages of the modules say what the modules declare now."""

from pathlib import Path

from fink_lib.pages.science import FOLDER, pages, table, write
from fink_lib.science.registry import MODULES


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
