"""Documents of strangers at every door that takes one: they lead to no file of this machine, and stay small."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.api.http.uploads import listed
from fink_lib.community.uploads import table_of
from fink_lib.community.watch import read_places
from fink_lib.vo.tap.uploads import read
from fink_lib.votables import first_table

DOORS = [lambda raw: read("a", raw), listed, table_of, read_places]
Door = Callable[[bytes], Any]


def document(table: str, before: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<VOTABLE version="1.4"><RESOURCE>{table}</RESOURCE></VOTABLE>'.encode()


def rows(inside: str, fields: str = '<FIELD name="ra" datatype="double"/>', told: str = "") -> str:
    return f"<TABLE {told}>{fields}<DATA>{inside}</DATA></TABLE>"


ROW = "<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA>"
TEXT = '<FIELD name="a" datatype="char" arraysize="16"/>'


@pytest.mark.parametrize("door", DOORS, ids=["tap", "crossmatch", "table", "watch list"])
@pytest.mark.parametrize("kind", ["BINARY", "BINARY2", "FITS", "v:BINARY"])
def test_no_door_reads_a_file_of_this_machine(tmp_path: Path, door: Door, kind: str) -> None:
    (tmp_path / "key").write_text("0123456789abcdef" * 4)
    stream = f'<{kind}><STREAM href="file://{tmp_path}/key"/></{kind}>'
    space = 'xmlns:v="http://www.ivoa.net/xml/VOTable/v1.3"' if kind.startswith("v:") else ""
    with pytest.raises(Exception, match="lies elsewhere"):
        door(document(rows(stream, TEXT, space)))


def test_a_text_of_one_line_is_the_name_of_no_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret,other\n1,2\n")
    assert table_of(str(tmp_path / "key").encode()).colnames == [str(tmp_path / "key")]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (document(rows(ROW), "<!DOCTYPE VOTABLE [<!ENTITY a 'b'>]>"), "document type"),
        (document(rows(ROW, told='nrows="200000000"')), "more than 100 rows"),
        (document(rows(ROW, told='nrows="-1"')), "more than 100 rows"),
        (document(rows("<TABLEDATA>" + "<TR/>" * 101 + "</TABLEDATA>")), "more than 100 rows"),
        (document(rows(ROW, '<FIELD name="ra" datatype="double" arraysize="9000x9000"/>')), "values"),
        (gzip.compress(document(rows(ROW))), "no XML"),
    ],
)
def test_what_is_small_and_would_become_large(raw: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        first_table(raw, 100)


def test_what_is_sound_is_read() -> None:
    assert first_table(document(rows(ROW, told='nrows="1"')), 100).to_table()["ra"].tolist() == [1.0]


def test_a_small_file_of_very_many_rows_is_not_read() -> None:
    many = pa.table({"ra": pa.array([1.0]).take(pa.array([0] * 1_000_001))})
    pq.write_table(many, written := io.BytesIO(), compression="zstd")
    assert len(written.getvalue()) < 10_000
    with pytest.raises(Exception, match="1000001 rows"):
        listed(written.getvalue())
