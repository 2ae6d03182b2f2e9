"""A fault for each critical expectation on the small tables: a row that passes, and what breaks each of them."""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from expectations import catalogs, community, events, objects, records, small_tables
from fink_lib.surveys import get_survey

Row = dict[str, Any]

ZTF = get_survey("ztf")
NIGHT = dt.date(2021, 11, 22)
NOW = dt.datetime(2021, 11, 23, tzinfo=dt.UTC)
SMALL: tuple[Callable[[], Any], ...] = (
    small_tables.nights,
    small_tables.statistics,
    small_tables.quality_results,
    small_tables.table_stats,
    partial(records.releases, ZTF),
    partial(records.topics, ZTF),
    partial(records.known_losses, ZTF),
    partial(records.science_facts, ZTF),
    records.schemas,
    records.decisions,
    records.user_filters,
    records.notices,
    community.community,
    community.community_refused,
    partial(records.filter_failures, ZTF),
    partial(records.tracklets, ZTF),
    partial(records.asteroid_links, ZTF),
    catalogs.catalogs,
    partial(catalogs.crossmatched, ZTF),
    events.event_notices,
    events.events,
    partial(events.event_searches, ZTF),
    partial(events.event_matches, ZTF),
    partial(objects.objects, ZTF),
    partial(objects.moving_objects, ZTF),
    objects.object_pairs,
    objects.phase_curves,
)
PLACE = {"kafka_topic": "t", "kafka_partition": 0, "kafka_offset": 5}
LOST = {"topic": "t", "partition": 0, "first_offset": 5, "last_offset": 5}
GOOD_ROWS: Mapping[str, Row] = {
    "gold__nights": {"night": NIGHT, "version": 1, "equation_holds": True, **dict.fromkeys(small_tables.COUNTS, 5)},
    "gold__statistics": {"night": NIGHT, "measure": "count", "name": "bronze", "value": 5.0},
    "gold__quality_results": {
        "night": NIGHT,
        "suite": "s",
        "expectation": "e",
        "severity": "info",
        "success": True,
    },
    "gold__table_stats": {"day": NIGHT, "table": "t", "files": 3, "removed": 0, "crowded": 0},
    "bronze_ztf__releases": {**PLACE, "stage": "ingest", "action": "replayed", "who": "me", "why": "mended"},
    "bronze_ztf__topics": {"topic": "t", "topic_id": "id", "generation": 1, "name": "t"},
    "gold_ztf__known_losses": {**LOST, "event": "found", "why": "expired"},
    "silver_ztf__science_facts": {"digest": "d", "kind": "module", "name": "m", "outputs": "a,b", "version": "1.0"},
    "bronze__schemas": {"schema_sha256": "ab", "text": "{}", "survey": "ztf"},
    "gold__decisions": {"request_id": "r", "action": "promote", "decided_by": "me", "decided_at": NOW},
    "gold__user_filters": {
        "name": "mine",
        "event": 1,
        "action": "add",
        "predicate": "roid = 0",
        "owner": "me",
        "by": "me",
        "match_rate": 0.1,
    },
    "gold__notices": {"subscription": "s", "key": "k", "step": 1, "action": "queued", "at": NOW},
    "bronze__community_refused": {
        "kafka_topic": "community_in",
        "kafka_topic_id": "AAAAAAAAAAAAAAAAAAAAAQ",
        "kafka_partition": 0,
        "kafka_offset": 1,
        "received_at": NOW,
        "reason": "it is no JSON",
    },
    "gold__community": {
        "statement_id": "019a0000-0000-7000-8000-000000000001",
        "kind": "comment",
        "at": NOW,
        "author": "me",
        "origin": "person",
        "visibility": "public",
        "body": "{}",
        "probability": 0.5,
        "label_in_taxonomy": True,
        "subject": True,
        "replaces_what_it_may": True,
        "relations": True,
        "body_of_its_kind": True,
    },
    "gold_ztf__filter_failures": {"alert_id": 7, "filter": "f", "filter_version": "1.0", "reason": "ValueError"},
    "bronze__event_notices": {"notice_id": "aa", "received_at": NOW},
    "gold__events": {
        "notice_id": "aa",
        "event_id": "e",
        "action": "initial",
        "purpose": "observation",
        "ra": 1.0,
        "dec": 2.0,
    },
    "gold_ztf__event_searches": {
        "night": NIGHT,
        "event_id": "e",
        "matches": 1,
        "expected": 0.1,
        "least_chance": 0.1,
    },
    "gold_ztf__event_matches": {
        "night": NIGHT,
        "event_id": "e",
        "alert_id": 1,
        "chance": 0.1,
        "chance_night": 0.2,
        "rank": 0.5,
    },
    "gold_ztf__objects": {"object_id": "o", "ra": 1.0, "dec": 2.0, "position_error_arcsec": 0.1, "alerts": 1},
    "gold_ztf__moving_objects": {"designation": "2017 SA109", "last_night": NIGHT, "alerts": 1},
    "gold__object_pairs": {
        "kind": "position",
        "survey_a": "lsst",
        "object_a": "1",
        "survey_b": "ztf",
        "object_b": "o",
        "chance_a": 0.1,
        "chance_b": 0.1,
        "rank_a": 1,
        "rank_b": 1,
        "separation_arcsec": 1.0,
    },
    "gold__phase_curves": {
        "designation": "2004 JQ12",
        "model": "sHG1G2",
        "band": "lsst:r",
        "h_mag": 16.4,
        "g1": 0.4,
        "g2": 0.3,
        "oblateness": 0.8,
        "pole_dec": 45.0,
    },
    "gold_ztf__tracklets": {"night": NIGHT, "alert_id": 7, "tracklet": "t", "members": 5},
    "gold_ztf__asteroid_links": {"night": NIGHT, "alert_id": 7, "tracklet": "t", "members": 3, "rate_deg_per_day": 0.2},
    "gold__catalogs": {
        "name": "vsx",
        "version": 1,
        "delta_version": 1,
        "rows": 9,
        "radius_arcsec": 1.5,
        "sha256": "ab",
        "without_position": 0,
    },
    "gold_ztf__crossmatched": {
        "night": NIGHT,
        "catalog": "vsx",
        "catalog_version": 1,
        "matched_at": NOW,
        **dict.fromkeys(("alerts", "matches", "gained", "lost", "changed"), 2),
    },
}
# Table → critical expectation → what a second row changes to break it; nothing makes it a twin
FAULTS: Mapping[str, Mapping[str, Row]] = {
    "gold__nights": {
        "version": {},
        "version_range": {"version": 0},
        **{f"{name}_range": {"version": 2, name: -1} for name in small_tables.COUNTS},
    },
    "gold__statistics": {"number": {}, "value_known": {"name": "silver", "value": None}},
    "gold__quality_results": {"expectation": {}, "success_known": {"expectation": "f", "success": None}},
    "gold__table_stats": {},
    "bronze__event_notices": {},
    "gold__events": {},
    "gold_ztf__event_searches": {},
    "gold_ztf__event_matches": {},
    "gold_ztf__objects": {},
    "gold_ztf__moving_objects": {},
    "gold__object_pairs": {},
    "gold__phase_curves": {},
    "bronze_ztf__releases": {
        "release": {},
        **{f"{name}_known": {"kafka_offset": 6, name: None} for name in PLACE},
        "action_known": {"kafka_offset": 6, "action": None},
        "action": {"kafka_offset": 6, "action": "lost"},
    },
    "bronze_ztf__topics": {
        "topic_known": {"topic": None},
        "name_known": {"topic_id": "other", "name": None},
        "generation_range": {"topic_id": "other", "generation": 0},
    },
    "gold_ztf__known_losses": {
        "loss": {},
        **{f"{name}_known": {"first_offset": 6, name: None} for name in LOST},
        "event": {"first_offset": 6, "event": "gone"},
    },
    "silver_ztf__science_facts": {"digest_known": {"digest": None}, "version_known": {"name": "n", "version": None}},
    "bronze__schemas": {"schema_sha256_known": {"schema_sha256": None}, "text_known": {"text": None}},
    "gold__decisions": {},
    "gold__user_filters": {
        "event": {},
        "action_known": {"event": 2, "action": None},
        "action": {"event": 2, "action": "forget"},
        "predicate_known": {"event": 2, "predicate": None},
    },
    "gold__notices": {},
    "bronze__community_refused": {"message": {}},
    "gold__community": {
        "statement": {},
        "visibility_known": {"statement_id": "other", "visibility": None},
    },
    "gold_ztf__filter_failures": {
        "alert_id_known": {"alert_id": None},
        "filter_known": {"filter": None},
    },
    "gold_ztf__tracklets": {
        "alert": {},
        "tracklet_known": {"alert_id": 8, "tracklet": None},
        "members_range": {"alert_id": 8, "members": 1},
    },
    "gold_ztf__asteroid_links": {
        "alert": {},
        "tracklet_known": {"alert_id": 8, "tracklet": None},
        "members_range": {"alert_id": 8, "members": 2},
    },
    "gold__catalogs": {
        "version": {},
        "version_range": {"version": 0},
        "delta_version_known": {"version": 2, "delta_version": None},
        "rows_range": {"version": 2, "rows": 0},
        "radius_arcsec_known": {"version": 2, "radius_arcsec": None},
        "radius_arcsec_range": {"version": 2, "radius_arcsec": 0.0},
    },
    "gold_ztf__crossmatched": {
        "version": {},
        "catalog_version_known": {"catalog_version": None},
        **{
            f"{name}_range": {"catalog_version": 2, name: -1}
            for name in ("alerts", "matches", "gained", "lost", "changed")
        },
    },
}
