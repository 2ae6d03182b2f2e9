"""The columns of a night in numbers: which share of each is null, and how its scores are distributed."""

from collections.abc import Mapping, Sequence

import pyspark.sql.functions as F
import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame

from fink_lib.nightly.results import JsonObject
from fink_lib.science.base import Role
from fink_lib.science.registry import outputs_with

BINS = 20  # of [0, 1]
OUTSIDE = "outside"
SCORE = "score "
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
    flags = flag_columns(survey, silver)
    scores = score_columns(survey, silver)
    counted = _counted(silver, {**_prefixed("null", nulls), **_prefixed("flag", flags)}, scores)
    rows = counted.get(("rows", ""), 0)
    return {
        "null_shares": {name: round(counted.get((f"null {name}", ""), 0) / rows, 6) if rows else 0.0 for name in nulls},
        "scores": {name: _histogram(counted, name) for name in scores},
        "scores_outside": {name: counted.get((f"{SCORE}{name}", OUTSIDE), 0) for name in scores},
        "flags": {name: counted.get((f"flag {name}", ""), 0) for name in flags},
    }


def _prefixed(prefix: str, tests: Mapping[str, Column]) -> dict[str, Column]:
    return {f"{prefix} {name}": test for name, test in tests.items()}


def _counted(silver: DataFrame, tests: Mapping[str, Column], scores: Sequence[str]) -> dict[tuple[str, str], int]:
    """Count the rows, those that meet each test, and those in each bin of each score.

    A row is turned into what it counts for, and that is counted: an aggregate for each test and each bin would be
    hundreds in one plan, which takes Spark seconds to plan before it reads the first row.
    """
    facts = [_fact("rows"), *(F.when(test, _fact(name)) for name, test in tests.items())]
    facts += [_fact(f"{SCORE}{path}", F.col(path)) for path in scores]
    told = silver.select(F.explode(F.array_compact(F.array(*facts))).alias("fact")).select("fact.*")
    binned = F.when(F.startswith("what", F.lit(SCORE)), _bin_of(F.col("value"))).otherwise("")
    counted = told.select("what", binned.alias("bin")).where("bin IS NOT NULL").groupBy("what", "bin").count()
    return {(row["what"], row["bin"]): row["count"] for row in counted.collect()}


def _fact(what: str, value: Column | None = None) -> Column:
    # Packets hold scores in single precision, where 0.9 lies below the 0.9 of double precision.
    number = (F.lit(None) if value is None else value).cast("float")
    return F.struct(F.lit(what).alias("what"), number.alias("value"))


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


def _bin_of(value: Column) -> Column:
    """Return the lower edge of the bin that a value is in, or that it lies outside of [0, 1]; null of null."""
    bins = F.when(value.isNotNull(), OUTSIDE)
    for at in reversed(range(BINS)):
        low, high = (F.lit(edge / BINS).cast("float") for edge in (at, at + 1))
        bins = F.when((value >= low) & (value < high if at < BINS - 1 else value <= high), bin_edge(at)).otherwise(bins)
    return bins


def _histogram(counted: Mapping[tuple[str, str], int], name: str) -> dict[str, int]:
    found = {edge: counted.get((f"{SCORE}{name}", edge), 0) for edge in map(bin_edge, range(BINS))}
    return {edge: count for edge, count in found.items() if count}
