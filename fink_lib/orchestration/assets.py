"""Assets: streams, tables and nights as Airflow knows them, and what their events tell."""

from collections.abc import Iterable, Mapping

from airflow.sdk import Asset
from pydantic import JsonValue

from fink_lib.config import Settings
from fink_lib.lake.tables import (
    full_name,
    gold_catalogs,
    gold_crossmatch,
    gold_moving_objects,
    gold_nights,
    gold_object_pairs,
    gold_objects,
)
from fink_lib.streams.drain import delta_version, rows_by_night
from fink_lib.streams.spec import Stage

STAGE_TABLES: Mapping[Stage, tuple[tuple[str, str], ...]] = {
    Stage.INGEST: (("bronze", "alerts"), ("bronze", "quarantine")),
    Stage.ENRICH: (("silver", "alerts"), ("silver", "rejected")),
    Stage.DISTRIBUTE: (("gold", "published"),),
}
NIGHTS_TABLE = gold_nights().full_name
CATALOGS_TABLE = gold_catalogs().full_name


def stream_asset(survey: str, kind: str) -> Asset:
    """Return the asset that stands for a stream; its state store holds the handle of the driver.

    Parameters
    ----------
    survey
        Its name.
    kind
        Which of its streams.
    """
    return Asset(name=f"{survey}.{kind}", uri=f"stream://{survey}/{kind}", group="stream")


def table_asset(name: str) -> Asset:
    """Return the asset of a Delta table, by its full name."""
    return Asset(name=name, uri=f"delta://lake/{name}", group="table")


def stage_table_names(survey: str, stage: Stage) -> tuple[str, ...]:
    """Return the full names of the tables that a stream writes.

    Parameters
    ----------
    survey
        Its name.
    stage
        Which of its streams.
    """
    return tuple(full_name(layer, survey, name) for layer, name in STAGE_TABLES[stage])


def stage_tables(survey: str, stage: Stage) -> tuple[Asset, ...]:
    """Return the tables that a stream writes.

    Parameters
    ----------
    survey
        Its name.
    stage
        Which of its streams.
    """
    return tuple(map(table_asset, stage_table_names(survey, stage)))


def matches_asset(survey: str) -> Asset:
    """Return the table of a survey's matches with catalogues."""
    return table_asset(gold_crossmatch(survey).full_name)


def objects_assets(survey: str) -> tuple[Asset, ...]:
    """Return the tables that the objects of a survey's night go to."""
    specs = (gold_objects(survey), gold_moving_objects(survey), gold_object_pairs())
    return tuple(table_asset(spec.full_name) for spec in specs)


def survey_tables(survey: str) -> tuple[Asset, ...]:
    """Return every table that the streams of a survey write."""
    return tuple(asset for stage in Stage for asset in stage_tables(survey, stage))


def night_asset(survey: str) -> Asset:
    """Return the asset whose partitions are the drained nights of a survey: each starts one `close_night` run."""
    return Asset(name=f"{survey}.night", uri=f"night://{survey}/drained", group="night")


def table_facts(settings: Settings, survey: str, table: str, nights: Iterable[str]) -> dict[str, JsonValue]:
    """Return what an event of a table tells: the nights, their rows, and the Delta version they stand in.

    Parameters
    ----------
    settings
        Where the lake is.
    survey
        Its name.
    table
        Full name of the table.
    nights
        As YYYY-MM-DD, in any order.

    Returns
    -------
    Without rows for a table that is not divided by nights, or is empty.
    """
    path = settings.lake / table
    chosen = sorted(nights)
    undated = {NIGHTS_TABLE, *(asset.name for asset in objects_assets(survey))}
    rows = rows_by_night(path) if table not in undated else {}
    counted: dict[str, JsonValue] = {night: rows.get(night, 0) for night in chosen}
    facts: dict[str, JsonValue] = {"survey": survey, "nights": list(chosen), "delta_version": delta_version(path)}
    return {**facts, "rows": counted} if rows else facts
