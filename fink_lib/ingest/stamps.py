"""The gzip CRC of every cutout, in Python workers that see nothing but the cutouts.

A damaged stamp is the only damage that leaves a packet readable, so it has to be looked for in every alert.
"""

from collections.abc import Callable

import pyarrow as pa
import pyspark.sql.functions as F
from isal import isal_zlib
from pyspark.sql import Column

from fink_lib.ingest.decode import PACKET
from fink_lib.surveys import Survey
from fink_lib.surveys.inflate import INFLATE_ERRORS

_GZIP = 31  # window bits that ask for a gzip header and its CRC


def all_whole(*stamps: pa.Array) -> pa.Array:
    """Tell, row by row, whether every stamp that is there is one whole gzip stream with a fitting CRC."""
    whole = [True] * len(stamps[0])
    for column in stamps:
        for row, stamp in enumerate(_views(column)):
            if stamp is not None and not _is_whole(stamp):
                whole[row] = False
    return pa.array(whole, pa.bool_())


def _views(column: pa.Array) -> list[memoryview | None]:
    """Return each value as a view into the Arrow buffer: nothing is copied."""
    return [memoryview(scalar.as_buffer()) if scalar.is_valid else None for scalar in column]


def _is_whole(stamp: memoryview) -> bool:
    inflater = isal_zlib.decompressobj(_GZIP)
    try:
        inflater.decompress(stamp)
    except INFLATE_ERRORS:
        return False
    return bool(inflater.eof) and not inflater.unused_data


def stamps_whole(survey: Survey) -> Column:
    """Return a Column that is true where no stamp is damaged; always true where stamps are not gzipped."""
    if not survey.cutout_gzip:
        return F.lit(True)
    check: Callable[..., Column] = F.arrow_udf(all_whole, "boolean")  # type: ignore[attr-defined]  # not in the stubs
    return check(*(F.col(f"{PACKET}.{path}") for path in survey.fields.cutouts))
