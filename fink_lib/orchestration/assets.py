"""Assets: streams, tables and nights as Airflow knows them, and what their events tell."""

from collections.abc import Iterable, Mapping

from airflow.sdk import Asset
from pydantic import JsonValue

from fink_lib.config import Settings
from fink_lib.streaming.drain import delta_version, rows_by_night
from fink_lib.streaming.spec import Stage

# Names only: the specs of the tables need Spark, which never comes into Airflow. A test compares the two.
STAGE_TABLES: Mapping[Stage, tuple[str, ...]] = {
    Stage.INGEST: ("bronze_{survey}__alerts", "bronze_{survey}__quarantine"),
    Stage.ENRICH: ("silver_{survey}__alerts", "silver_{survey}__rejected"),
    Stage.DISTRIBUTE: ("gold_{survey}__published",),
}
NIGHTS_TABLE = "gold__nights"
CATALOGS_TABLE = "gold__catalogs"
MATCHES_TABLE = "gold_{survey}__crossmatch"


def stream_asset(survey: str, stage: Stage) -> Asset:
    """Return the asset that stands for a stream; its state store holds the handle of the driver."""
    return Asset(name=f"{survey}.{stage}", uri=f"stream://{survey}/{stage}", group="stream")


def table_asset(name: str) -> Asset:
    """Return the asset of a Delta table, by its full name."""
    return Asset(name=name, uri=f"delta://lake/{name}", group="table")


def stage_tables(survey: str, stage: Stage) -> tuple[Asset, ...]:
    """Return the tables that a stream writes."""
    return tuple(table_asset(name.format(survey=survey)) for name in STAGE_TABLES[stage])


def survey_tables(survey: str) -> tuple[Asset, ...]:
    """Return every table that the streams of a survey write."""
    return tuple(asset for stage in Stage for asset in stage_tables(survey, stage))


def night_asset(survey: str) -> Asset:
    """Return the asset whose partitions are the drained nights of a survey: each starts one `close_night` run."""
    return Asset(name=f"{survey}.night", uri=f"night://{survey}/drained", group="night")


def table_facts(settings: Settings, survey: str, table: str, nights: Iterable[str]) -> dict[str, JsonValue]:
    """Return what an event of a table tells: the nights, their rows, and the Delta version they stand in."""
    path = settings.lake / table
    chosen = sorted(nights)
    rows = rows_by_night(path) if table != NIGHTS_TABLE else {}
    counted: dict[str, JsonValue] = {night: rows.get(night, 0) for night in chosen}
    facts: dict[str, JsonValue] = {"survey": survey, "nights": list(chosen), "delta_version": delta_version(path)}
    return {**facts, "rows": counted} if rows else facts
