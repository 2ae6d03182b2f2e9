"""The crossmatch of any number of positions with a catalogue of any size, by Spark.

The positions' cells are a bitmap of the sky. It says which files of the catalogue are read at all, and which of
their rows are passed on: a row in a cell that no circle touches is dropped where it is read, so that most of a
large catalogue is scanned and never moved. What is left of both sides meets patch by patch in `nearest_sources`.
No row of either side comes to the driver; what comes is the bitmap, 12 MB at the most, whatever their number.
"""

import contextlib
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyspark.sql.functions as F
import pyspark.sql.types as T
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql.pandas.types import from_arrow_type

from fink_lib.catalogs.cells import TABLE_ORDER, match_order, ranges
from fink_lib.catalogs.match import SEPARATION, SOURCE_COLUMNS, nearest_sources, patch_order, placing

# A word of the bitmap holds the 64 cells of one cell three orders coarser.
WORD_BITS = 6
WORD_ORDERS = 3
# Ranges of cells that a scan is narrowed to; each is a comparison for each file and row group.
MOST_RANGES = 64
# Order of the cells that those ranges are made of: 12,288 at the most.
RANGE_ORDER = 5
PARTITIONS = 16


@contextlib.contextmanager
def crossmatch(
    positions: DataFrame,
    keys: Sequence[str],
    catalog: DataFrame,
    radius_arcsec: float,
    *,
    partitions: int = PARTITIONS,
) -> Iterator[DataFrame]:
    """Match positions with a catalogue: the nearest source of each within a radius.

    The result must be used within the context: the placed positions are kept, on disk if need be, until its end.

    Parameters
    ----------
    positions
        Key columns, ``ra`` and ``dec`` in degrees.
    keys
        Columns that name a position, ``ra`` and ``dec`` among them if they are to be returned; each combination once.
    catalog
        A catalogue table: ``cell`` (of `TABLE_ORDER`), ``ra``, ``dec``, ``source_id``, ``label``.
    radius_arcsec
        Radius, inclusive.
    partitions
        Parts that patches are spread over.

    Yields
    ------
    DataFrame
        Keys, `SOURCE_COLUMNS` and ``separation_arcsec``; positions without a source are not there.
    """
    order = match_order(radius_arcsec)
    placed = place(positions.select(*dict.fromkeys((*keys, "ra", "dec"))), radius_arcsec).persist(
        StorageLevel.MEMORY_AND_DISK
    )
    try:
        candidates = _candidates(catalog, placed, order)
        yield _meet(placed, candidates, keys, radius_arcsec, partitions)
    finally:
        placed.unpersist()


def place(positions: DataFrame, radius_arcsec: float) -> DataFrame:
    """Add the patch and the cells of each position; one across a border stands there for each patch."""
    added = [T.StructField("patch", T.IntegerType()), T.StructField("cells", T.ArrayType(T.IntegerType()))]
    return positions.mapInArrow(placing(radius_arcsec), T.StructType([*positions.schema.fields, *added]))


def _candidates(catalog: DataFrame, placed: DataFrame, order: int) -> DataFrame:
    """Keep the sources whose cell is touched by a circle, with the patch that they lie in."""
    words = footprint(placed)
    cell = _coarser("cell", TABLE_ORDER - order)
    near = catalog.where(_within(words, order)).select("ra", "dec", "source_id", "label", cell.alias("_cell"))
    joined = near.join(F.broadcast(words), F.shiftright("_cell", WORD_BITS) == F.col("word"))
    touched = F.expr(f"shiftright(mask, _cell & {2**WORD_BITS - 1}) & 1") == 1
    patch = _coarser("_cell", order - patch_order(order)).cast("int")
    return joined.where(touched).select("ra", "dec", "source_id", "label", patch.alias("patch"))


def footprint(placed: DataFrame) -> DataFrame:
    """Return the cells of placed positions as a bitmap: (word, 64-bit mask) pairs, 786,432 at the most."""
    cell = placed.select(F.explode("cells").alias("cell"))
    bit = F.expr(f"shiftleft(1L, cell & {2**WORD_BITS - 1})")
    word = F.shiftright("cell", WORD_BITS)
    return cell.select(word.alias("word"), bit.alias("bit")).groupBy("word").agg(F.bit_or("bit").alias("mask"))


def _within(words: DataFrame, order: int) -> Column:
    """Return the condition on a table's ``cell`` that its statistics can be asked for."""
    word_order = order - WORD_ORDERS
    asked = min(RANGE_ORDER, word_order)
    found = words.select(_coarser("word", word_order - asked).alias("at")).distinct().toArrow()["at"].to_numpy()
    shift = 2 * (TABLE_ORDER - asked)
    condition = F.lit(False)
    for first, last in ranges(found, MOST_RANGES):
        condition |= F.col("cell").between(first << shift, ((last + 1) << shift) - 1)
    return condition


def _coarser(column: str, orders: int) -> Column:
    return F.shiftright(column, 2 * orders) if orders else F.col(column)


def _meet(
    placed: DataFrame, candidates: DataFrame, keys: Sequence[str], radius_arcsec: float, partitions: int
) -> DataFrame:
    """Bring positions and sources of a patch together; of what a position found in two patches, keep the nearest."""
    names = list(keys)

    def match(positions: pa.Table, sources: pa.Table) -> pa.Table:
        return nearest_sources(positions, sources, names, radius_arcsec)

    fields = [placed.schema[name] for name in names]
    fields += [T.StructField(name, from_arrow_type(kind)) for name, kind in SOURCE_COLUMNS.items()]
    schema = T.StructType([*fields, T.StructField(SEPARATION, T.DoubleType())])
    left = placed.drop("cells").repartition(partitions, "patch").groupBy("patch")
    right = candidates.repartition(partitions, "patch").groupBy("patch")
    found = left.cogroup(right).applyInArrow(match, schema)
    order = (SEPARATION, "source_ra", "source_dec", "source_id", "label")
    best = found.groupBy(*names).agg(F.min(F.struct(*order)).alias("best"))
    return best.select(*names, *(F.col(f"best.{name}").alias(name) for name in (*SOURCE_COLUMNS, SEPARATION)))
