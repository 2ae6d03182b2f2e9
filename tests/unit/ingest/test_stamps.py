import gzip

import pyarrow as pa

from fink_lib.ingest.stamps import all_whole

GOOD = gzip.compress(b"pixels" * 1000, mtime=0)
BAD_CRC = GOOD[:-8] + bytes([GOOD[-8] ^ 1]) + GOOD[-7:]


def test_every_stamp_of_a_row_must_be_whole() -> None:
    science = pa.array([GOOD, GOOD, None, GOOD, GOOD, b""], pa.binary())
    template = pa.array([GOOD, BAD_CRC, None, GOOD[:-3], GOOD + b"x", GOOD], pa.binary())
    assert all_whole(science, template).to_pylist() == [True, False, True, False, False, False]


def test_a_slice_is_read_as_a_slice() -> None:
    column = pa.array([BAD_CRC, GOOD, BAD_CRC, GOOD], pa.binary()).slice(1, 2)
    assert all_whole(column).to_pylist() == [True, False]


def test_no_rows_are_no_rows() -> None:
    assert all_whole(pa.array([], pa.binary())).to_pylist() == []
