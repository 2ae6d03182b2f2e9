"""Some modules only: what they compute is new, everything else of an alert stays as the live table has it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, SparkSession

from fink_lib.enrich.science import ERRORS, ERRORS_TYPE, science_of
from fink_lib.enrich.silver import SilverRows
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.reprocess.records import on_record
from fink_lib.science.framework.isolation import Limits
from fink_lib.science.framework.registry import stream_modules
from fink_lib.science.framework.runner import versions
from fink_lib.surveys import Survey

VERSIONS, DIGEST = "science_versions", "science_digest"


def partial_frame(
    session: SparkSession,
    survey: Survey,
    tables: Mapping[str, TableSpec],
    rows: pa.Table,
    *,
    live: DataFrame,
    names: Sequence[str],
    lake: Path,
    cache: Path,
    limits: Limits,
) -> DataFrame:
    """Return accepted alerts as rows of silver, with some modules run again.

    Of the live table no more is read and joined than the rows of these alerts: a night comes in portions.
    An alert that the live table lacks has no other values to keep: all modules run on it.

    Parameters
    ----------
    session, survey, tables, lake, cache, limits
        As for the whole of it.
    rows
        Facts of the accepted alerts, with `enrich_time`.
    live
        The live silver table.
    names
        Modules to run, with all that they need.
    """
    mine = _same_packets(session, live, rows)
    known = pa.array(on_record(rows, mine.select(*KAFKA_KEY).toArrow()))
    old, new = rows.filter(known), rows.filter(pc.invert(known))
    parts = []
    if old.num_rows:
        told = versions(stream_modules(survey.name, names), cache)
        science = science_of(survey, cache, names, limits=limits)
        computed = SilverRows(survey, lake, tables, science, told).frame(session, old)
        parts.append(_keep_the_rest(computed, mine, survey, names, tuple(told)))
    if new.num_rows:
        everything = versions(stream_modules(survey.name), cache)
        science = science_of(survey, cache, limits=limits)
        parts.append(SilverRows(survey, lake, tables, science, everything).frame(session, new))
    return parts[0] if len(parts) == 1 else parts[0].unionByName(parts[1], allowMissingColumns=True)


def _same_packets(session: SparkSession, live: DataFrame, rows: pa.Table) -> DataFrame:
    """Return the live rows of these packets alone; the range of offsets lets files of the night be passed over."""
    nights = [F.lit(night) for night in pc.unique(rows["night"]).to_pylist()]
    span = pc.min_max(rows["kafka_offset"])
    near = F.col("kafka_offset").between(span["min"].as_py(), span["max"].as_py())
    keys = session.createDataFrame(rows.select(list(KAFKA_KEY)))
    return live.where(F.col("night").isin(*nights) & near).join(F.broadcast(keys), list(KAFKA_KEY), "left_semi")


def _keep_the_rest(
    computed: DataFrame, live: DataFrame, survey: Survey, names: Sequence[str], told: Sequence[str]
) -> DataFrame:
    """Join the outputs of the other modules, and the versions and errors that belong to them."""
    outputs = {out.name: module.name for module in stream_modules(survey.name) for out in module.outputs}
    others = [name for name, module in outputs.items() if module not in names and name in live.columns]
    kept = live.select(*KAFKA_KEY, *others, F.col(ERRORS).alias("_errors"), F.col(VERSIONS).alias("_versions"))
    joined = computed.join(kept, on=list(KAFKA_KEY))
    return joined.withColumns(
        {
            ERRORS: F.map_concat(_without("_errors", names), F.coalesce(ERRORS, _empty())),
            VERSIONS: F.map_concat(_without("_versions", told), F.coalesce(VERSIONS, _empty())),
            DIGEST: F.lit(None).cast("string"),  # a mix of versions has no name; the map tells each of them
        }
    ).drop("_errors", "_versions")


def _empty() -> Column:
    return F.from_json(F.lit("{}"), "MAP<STRING, STRING>")


def _without(column: str, names: Sequence[str]) -> Column:
    kept: Column = F.map_filter(F.coalesce(column, _empty()), lambda key, _: ~key.isin(*names))
    return kept.cast(ERRORS_TYPE)
