"""The columns of a night in numbers: which share of each is null, and how its scores are distributed."""

from collections.abc import Mapping, Sequence

import pyspark.sql.functions as F
import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame

from fink_lib.nightly.results import JsonObject
from fink_lib.science.base import Role
from fink_lib.science.registry import outputs_with

BINS = 20  # of [0, 1]
# Scores that packets bring with them, where a survey's packets have them
PACKET_SCORES = ("candidate.rb", "candidate.drb", "diaSource.reliability")
# Flags of a night's alerts → Spark SQL predicate, and the columns that it needs; null counts as not flagged
FLAGS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "sso_known": ("roid = 3", ("roid",)),
    "sso_candidate": ("roid = 2", ("roid",)),
    "first_detection": ("nalerthist = 1", ("nalerthist",)),
    "catalogued_variable": (
        "vsx_sep_arcsec IS NOT NULL OR gcvs_sep_arcsec IS NOT NULL",
        ("vsx_sep_arcsec", "gcvs_sep_arcsec"),
    ),
}


def profile(survey: str, silver: DataFrame) -> JsonObject:
    """Return ``null_shares``, ``scores``, ``scores_outside`` and ``flags`` of a night of silver, in one pass.

    ``null_shares`` is over science outputs and identity columns; the values of a score
    lie in [0, 1]: those that lie outside are counted by themselves. Flags count the alerts
    for which they are true, never those that merely have a value.
    """
    nulls = {name: F.col(name).isNull() for name in profiled_columns(survey, silver)}
    scores = {name: F.col(name) for name in score_columns(survey, silver)}
    flags = flag_columns(survey, silver)
    sums = [F.count("*").alias("rows")]
    sums += [F.count_if(test).alias(f"null {name}") for name, test in nulls.items()]
    sums += [F.count_if(F.coalesce(test, F.lit(False))).alias(f"flag {name}") for name, test in flags.items()]
    sums += [
        F.count_if(_in_bin(value, at)).alias(f"score {name} {at}")
        for name, value in scores.items()
        for at in range(BINS)
    ]
    sums += [
        F.count_if(value.isNotNull() & ~_in_range(value)).alias(f"outside {name}") for name, value in scores.items()
    ]
    found = silver.agg(*sums).collect()[0].asDict()
    rows = found["rows"]
    return {
        "null_shares": {name: round(found[f"null {name}"] / rows, 6) if rows else 0.0 for name in nulls},
        "scores": {name: _histogram(found, name) for name in scores},
        "scores_outside": {name: found[f"outside {name}"] for name in scores},
        "flags": {name: found[f"flag {name}"] for name in flags},
    }


def profiled_columns(survey: str, silver: DataFrame) -> list[str]:
    """Return the columns whose nulls are watched: identity and every science output that the table has."""
    watched = ["object_id", "ra", "dec", "band", *outputs_with(survey)]
    return [name for name in dict.fromkeys(watched) if name in silver.columns]


def score_columns(survey: str, silver: DataFrame) -> list[str]:
    """Return the columns that hold scores, of the science and of the packet."""
    scores = [name for name in outputs_with(survey, Role.SCORE) if name in silver.columns]
    return [*scores, *(path for path in PACKET_SCORES if has_path(silver.schema, path))]


def flag_columns(survey: str, silver: DataFrame) -> dict[str, Column]:
    """Return the flags that the table can answer: those named here, and every true-or-false science output."""
    named = {name: F.expr(test) for name, (test, needs) in FLAGS.items() if set(needs) <= set(silver.columns)}
    return named | {name: F.col(name) for name in outputs_with(survey, Role.FLAG) if name in silver.columns}


def has_path(schema: T.StructType, path: str) -> bool:
    """Tell whether a dotted path leads to a column."""
    node: T.DataType = schema
    for part in path.split("."):
        if not isinstance(node, T.StructType) or part not in node.names:
            return False
        node = node[part].dataType
    return True


def bin_edge(at: int) -> str:
    """Return the lower edge of a bin, as it is written in results."""
    return f"{at / BINS:.2f}"


def _in_bin(value: Column, at: int) -> Column:
    # Packets hold scores in single precision, where 0.9 lies below the 0.9 of double precision.
    low, high = (F.lit(edge / BINS).cast("float") for edge in (at, at + 1))
    value = value.cast("float")
    above = value >= low
    return above & (value < high if at < BINS - 1 else value <= high)


def _in_range(value: Column) -> Column:
    return value.cast("float").between(0.0, 1.0)  # NaN is greater than every number: not in it


def _histogram(found: Mapping[str, int], name: str) -> dict[str, int]:
    counts: Sequence[int] = [found[f"score {name} {at}"] for at in range(BINS)]
    return {bin_edge(at): count for at, count in enumerate(counts) if count}
