"""The tables of catalogues and of matches, as code."""

import pyspark.sql.types as T

from fink_lib.lake.table import TableSpec
from fink_lib.surveys import Survey

S, L, N, D = T.StringType(), T.LongType(), T.IntegerType(), T.DoubleType()
TS, DATE = T.TimestampType(), T.DateType()


# An old version of a catalogue can be read as long as its files are kept: the log must not be what forgets it first.
FOR_EVER = {"delta.logRetentionDuration": "interval 36500 days"}


def _struct(*columns: tuple[str, T.DataType]) -> T.StructType:
    return T.StructType([T.StructField(name, kind) for name, kind in columns])


def gold_catalog(name: str) -> TableSpec:
    """One catalogue, sorted by cell over all its files: a small patch of sky is in few of them."""
    return TableSpec(
        layer="gold",
        survey="",
        name=f"catalog_{name}",
        schema=_struct(("cell", N), ("source_id", S), ("ra", D), ("dec", D), ("label", S)),
        key=("source_id", "ra", "dec", "label"),
        comment="One row: a source of the catalogue; cell is its HEALPix cell (NESTED, order 11).",
        partitioned_by=(),
        append_only=False,
        indexed_columns=4,
        file_mb=8,  # a load writes files of half a million sources, so that a night's footprint passes most over
        properties=FOR_EVER,
    )


def gold_catalogs() -> TableSpec:
    """Versions of all catalogues: what each was made from, and where the sky changed."""
    return TableSpec(
        layer="gold",
        survey="",
        name="catalogs",
        schema=_struct(
            ("name", S),
            ("version", N),
            ("delta_version", L),
            ("sha256", S),
            ("rows", L),
            ("without_position", L),
            ("radius_arcsec", D),
            ("file", S),
            ("source_version", S),
            ("reference", S),
            ("loaded_at", TS),
            ("code_version", S),
            ("changed_cells", T.ArrayType(N)),
        ),
        key=("name", "version"),
        comment="One row: a version of a catalogue; changed_cells (HEALPix NESTED, order 5) are null for the first.",
        partitioned_by=("name",),
    )


def gold_crossmatch(survey: Survey) -> TableSpec:
    """Describe the matches in force: the nearest source of each alert in each catalogue."""
    return TableSpec(
        layer="gold",
        survey=survey.name,
        name="crossmatch",
        schema=_struct(
            ("night", DATE),
            ("catalog", S),
            ("alert_id", L),
            ("object_id", S),
            ("ra", D),
            ("dec", D),
            ("separation_arcsec", D),
            ("source_id", S),
            ("label", S),
            ("source_ra", D),
            ("source_dec", D),
            ("catalog_version", N),
        ),
        key=("night", "catalog", "alert_id"),
        comment="One row: an alert and the nearest source of a catalogue within the catalogue's radius.",
        partitioned_by=("night", "catalog"),  # what one match replaces
        append_only=False,
        indexed_columns=8,
    )


def gold_crossmatched(survey: Survey) -> TableSpec:
    """Which night was matched against which version of which catalogue, and what flipped: a row for each of the two."""
    return TableSpec(
        layer="gold",
        survey=survey.name,
        name="crossmatched",
        schema=_struct(
            ("night", DATE),
            ("catalog", S),
            ("catalog_version", N),
            ("from_version", N),
            ("alerts", L),
            ("matches", L),
            ("gained", L),
            ("lost", L),
            ("changed", L),
            ("flipped", S),
            ("matched_at", TS),
            ("run_id", S),
        ),
        key=("night", "catalog", "catalog_version"),
        comment="One row: a night matched with a version of a catalogue, and what flipped against from_version.",
        partitioned_by=("night", "catalog"),
        append_only=False,
    )
