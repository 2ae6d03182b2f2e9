"""Every table of the lake: its name, key and columns, with units and meanings; without Spark."""

from fink_lib.lake.tables.alert_columns import BY_NAME, IDENTITY_COLUMNS, KAFKA_COLUMNS, KAFKA_KEY, SKY, places_of
from fink_lib.lake.tables.bronze import bronze_alerts, bronze_schemas, bronze_topics, quarantine, releases
from fink_lib.lake.tables.catalogs import gold_catalog, gold_catalogs, gold_crossmatch, gold_crossmatched
from fink_lib.lake.tables.closing import gold_nights, gold_quality_results, gold_statistics, gold_table_stats
from fink_lib.lake.tables.community import bronze_community_refused, gold_community
from fink_lib.lake.tables.gold import (
    gold_asteroid_links,
    gold_filter_failures,
    gold_known_losses,
    gold_published,
    gold_tracklets,
)
from fink_lib.lake.tables.multimessenger import (
    bronze_event_notices,
    gold_event_matches,
    gold_event_searches,
    gold_events,
)
from fink_lib.lake.tables.objects import gold_moving_objects, gold_object_pairs, gold_objects
from fink_lib.lake.tables.people import gold_decisions, gold_notices, gold_user_filters
from fink_lib.lake.tables.periods import gold_periods
from fink_lib.lake.tables.phase_curves import gold_phase_curves
from fink_lib.lake.tables.served import HPX_ORDER, gold_alert_ids, gold_latest, gold_sources
from fink_lib.lake.tables.silver import science_facts, silver_alerts, silver_rejected
from fink_lib.lake.tables.spec import TableSpec, full_name

__all__ = [
    "BY_NAME",
    "HPX_ORDER",
    "IDENTITY_COLUMNS",
    "KAFKA_COLUMNS",
    "KAFKA_KEY",
    "SKY",
    "TableSpec",
    "bronze_alerts",
    "bronze_community_refused",
    "bronze_event_notices",
    "bronze_schemas",
    "bronze_topics",
    "full_name",
    "gold_alert_ids",
    "gold_asteroid_links",
    "gold_catalog",
    "gold_catalogs",
    "gold_community",
    "gold_crossmatch",
    "gold_crossmatched",
    "gold_decisions",
    "gold_event_matches",
    "gold_event_searches",
    "gold_events",
    "gold_filter_failures",
    "gold_known_losses",
    "gold_latest",
    "gold_moving_objects",
    "gold_nights",
    "gold_notices",
    "gold_object_pairs",
    "gold_objects",
    "gold_periods",
    "gold_phase_curves",
    "gold_published",
    "gold_quality_results",
    "gold_sources",
    "gold_statistics",
    "gold_table_stats",
    "gold_tracklets",
    "gold_user_filters",
    "places_of",
    "quarantine",
    "releases",
    "science_facts",
    "silver_alerts",
    "silver_rejected",
]
