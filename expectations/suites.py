"""All suites together, as the jobs that close a night hand them to those that run them."""

from expectations import (
    bronze_alerts,
    catalogs,
    crossmatch,
    drift,
    night_shares,
    published,
    quarantine,
    records,
    silver_alerts,
    silver_rejected,
    small_tables,
)
from fink_lib.lake.versions import Table
from fink_lib.quality.suites import MatchSuite, RowSuite, SmallSuites, Suites

SUITES = Suites(
    rows={
        Table.BRONZE: RowSuite(bronze_alerts.rules, bronze_alerts.KEYS, bronze_alerts.suite),
        Table.QUARANTINE: RowSuite(quarantine.rules, quarantine.KEYS, quarantine.suite),
        Table.SILVER: RowSuite(silver_alerts.rules, silver_alerts.KEYS, silver_alerts.suite),
        Table.REJECTED: RowSuite(silver_rejected.rules, silver_rejected.KEYS, silver_rejected.suite),
        Table.PUBLISHED: RowSuite(published.rules, published.KEYS, published.suite),
    },
    matches=MatchSuite(crossmatch.rules, crossmatch.KEYS, crossmatch.suite),
    shares=night_shares.suite,
    drift=drift.suite,
    small=SmallSuites(
        nights=small_tables.nights,
        statistics=small_tables.statistics,
        quality_results=small_tables.quality_results,
        upkeep=small_tables.upkeep,
        schemas=records.schemas,
        decisions=records.decisions,
        user_filters=records.user_filters,
        notices=records.notices,
        catalogs=catalogs.catalogs,
        topics=records.topics,
        releases=records.releases,
        known_losses=records.known_losses,
        science_facts=records.science_facts,
        filter_failures=records.filter_failures,
        tracklets=records.tracklets,
        crossmatched=catalogs.crossmatched,
    ),
)
