"""The tables of catalogues and of matches, as code."""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import ALERT_ID, CODE_VERSION, DEC, NIGHT, OBJECT_ID, RA
from fink_lib.lake.tables.closing import RUN_ID
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import CELLS, TS, D, L, N, S

# An old version of a catalogue can be read as long as its files are kept: the log must not be what forgets it first.
FOR_EVER = {"delta.logRetentionDuration": "interval 36500 days"}

CATALOG = column("catalog", S, "Name of the catalogue.")


def gold_catalog(name: str) -> TableSpec:
    """One catalogue, sorted by cell over all its files: a small patch of sky is in few of them."""
    return TableSpec(
        layer="gold",
        survey="",
        name=f"catalog_{name}",
        schema=pa.schema(
            [
                column("cell", N, "HEALPix cell of the position (NESTED, order 11)."),
                column("source_id", S, "The catalogue's own name of the source."),
                column("ra", D, "Right ascension of the source.", "deg"),
                column("dec", D, "Declination of the source.", "deg"),
                column("label", S, "What the catalogue says of it: its class, as a rule."),
            ]
        ),
        key=("source_id", "ra", "dec", "label"),
        comment="One row: a source of the catalogue; cell is its HEALPix cell (NESTED, order 11).",
        written_by="`fink catalogs`, the DAG of the catalogues",
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
        schema=pa.schema(
            [
                column("name", S, "Name of the catalogue."),
                column("version", N, "1 for the first load, one more for each that differs; the highest is in force."),
                column("delta_version", L, "Version of the catalogue's table that holds it."),
                column("sha256", S, "SHA-256 of the files and of how they were read."),
                column("rows", L, "Sources that were loaded."),
                column("without_position", L, "Sources that were left out: they have no position."),
                column("radius_arcsec", D, "How near to an alert a source must be to match.", "arcsec"),
                column("file", S, "Names of the files; commas between them."),
                column("source_version", S, "Version of the catalogue, as its source says it."),
                column("reference", S, "What to cite."),
                column("loaded_at", TS, "When it was loaded (UTC)."),
                CODE_VERSION,
                column(
                    "changed_cells",
                    CELLS,
                    "HEALPix cells (NESTED, order 5) that differ from the version before; null where all may.",
                ),
            ]
        ),
        key=("name", "version"),
        comment="One row: a version of a catalogue; changed_cells (HEALPix NESTED, order 5) are null for the first.",
        written_by="`fink catalogs`, the DAG of the catalogues",
        partitioned_by=("name",),
    )


def gold_crossmatch(survey: str) -> TableSpec:
    """Describe the matches in force: the nearest source of each alert in each catalogue."""
    return TableSpec(
        layer="gold",
        survey=survey,
        name="crossmatch",
        schema=pa.schema(
            [
                NIGHT,
                CATALOG,
                ALERT_ID,
                OBJECT_ID,
                RA,
                DEC,
                column("separation_arcsec", D, "Angle between alert and source.", "arcsec"),
                column("source_id", S, "The catalogue's own name of the source."),
                column("label", S, "What the catalogue says of the source: its class, as a rule."),
                column("source_ra", D, "Right ascension of the source.", "deg"),
                column("source_dec", D, "Declination of the source.", "deg"),
                column("catalog_version", N, "Version of the catalogue that was matched."),
            ]
        ),
        key=("night", "catalog", "alert_id"),
        comment="One row: an alert and the nearest source of a catalogue within the catalogue's radius.",
        written_by="the closing of a night (crossmatch), the DAG of the catalogues",
        partitioned_by=("night", "catalog"),  # what one match replaces
        append_only=False,
        indexed_columns=8,
    )


def gold_crossmatched(survey: str) -> TableSpec:
    """Which night was matched against which version of which catalogue, and what flipped: a row for each of the two."""
    return TableSpec(
        layer="gold",
        survey=survey,
        name="crossmatched",
        schema=pa.schema(
            [
                NIGHT,
                CATALOG,
                column("catalog_version", N, "Version of the catalogue that the night was matched with."),
                column("from_version", N, "Version before, which flips are told against; null for a first match."),
                column("alerts", L, "Alerts that were matched: of the whole night, or where the sky changed."),
                column("matches", L, "Alerts of the night that have a source."),
                column("gained", L, "Alerts that had no source before."),
                column("lost", L, "Alerts that have no source any more."),
                column("changed", L, "Alerts with another source or label than before."),
                column("flipped", S, "The first 1,000 of these three, by alert, as JSON."),
                column("matched_at", TS, "When the night was matched (UTC)."),
                RUN_ID,
            ]
        ),
        key=("night", "catalog", "catalog_version"),
        comment="One row: a night matched with a version of a catalogue, and what flipped against from_version.",
        written_by="the closing of a night (crossmatch), the DAG of the catalogues",
        partitioned_by=("night", "catalog"),
        append_only=False,
    )
