"""Rows of a CSV that a module cannot match are told, and a file without rows is named."""

from pathlib import Path

import pytest

from fink_lib.catalogs.known import CatalogSource
from fink_lib.catalogs.reading import read_catalog
from fink_lib.errors import ConfigError

SOURCE = CatalogSource(name="made", package="", file="made.csv", ra="ra", dec="dec", label="name", reference="None")


def test_rows_without_a_position_are_counted_and_the_first_is_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "made.csv"
    path.write_text("name,ra,dec\na,1.0,2.0\nb,3.0,north\nc,4.0,141.0\n")
    assert read_catalog(SOURCE, [path]).num_rows == 3
    assert "2 of 3 rows have no position and match nothing, the first: ra='3.0', dec='north'" in caplog.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,ra,dec\n", "has no row below its header"),
        ("name;ra;dec\na;1.0;2.0\n", "has no column 'dec'; it has name;ra;dec: .*commas"),
        ("name,ra,decl\na,1.0,2.0\n", "has no column 'dec'; it has name, ra, decl: "),
    ],
)
def test_a_file_that_is_no_catalogue_is_named_with_the_fix(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "made.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_catalog(SOURCE, [path])
