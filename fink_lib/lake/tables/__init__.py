"""Every table of the lake: its name, key and columns, with units and meanings; without Spark."""

from fink_lib.lake.tables.alert_columns import BY_NAME, IDENTITY_COLUMNS, KAFKA_COLUMNS, KAFKA_KEY, SKY
from fink_lib.lake.tables.bronze import bronze_alerts, bronze_schemas, bronze_topics, quarantine, releases
from fink_lib.lake.tables.catalogs import gold_catalog, gold_catalogs, gold_crossmatch, gold_crossmatched
from fink_lib.lake.tables.closing import gold_nights, gold_quality_results, gold_statistics, gold_upkeep
from fink_lib.lake.tables.gold import gold_filter_failures, gold_known_losses, gold_published, gold_tracklets
from fink_lib.lake.tables.people import gold_decisions, gold_notices, gold_user_filters
from fink_lib.lake.tables.silver import science_facts, silver_alerts, silver_rejected
from fink_lib.lake.tables.spec import TableSpec, full_name

__all__ = [
    "BY_NAME",
    "IDENTITY_COLUMNS",
    "KAFKA_COLUMNS",
    "KAFKA_KEY",
    "SKY",
    "TableSpec",
    "bronze_alerts",
    "bronze_schemas",
    "bronze_topics",
    "full_name",
    "gold_catalog",
    "gold_catalogs",
    "gold_crossmatch",
    "gold_crossmatched",
    "gold_decisions",
    "gold_filter_failures",
    "gold_known_losses",
    "gold_nights",
    "gold_notices",
    "gold_published",
    "gold_quality_results",
    "gold_statistics",
    "gold_tracklets",
    "gold_upkeep",
    "gold_user_filters",
    "quarantine",
    "releases",
    "science_facts",
    "silver_alerts",
    "silver_rejected",
]
