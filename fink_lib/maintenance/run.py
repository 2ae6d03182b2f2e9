"""The whole of it: vacuum, prune, and how every table lies on disk afterwards, kept as a row a table and run."""

import datetime as dt
import logging
from collections.abc import Iterator

from fink_lib.config import Settings
from fink_lib.files import JsonObject, replace_text, to_json
from fink_lib.lake import tables
from fink_lib.lake.formats import require_current_lake
from fink_lib.lake.health import MB, health
from fink_lib.lake.small import replace_rows
from fink_lib.lake.tables.catalogs import gold_catalog, gold_catalogs, gold_crossmatch, gold_crossmatched
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.maintenance.counters import drop_counters
from fink_lib.maintenance.log import clean_logs
from fink_lib.maintenance.prune import prune
from fink_lib.maintenance.vacuum import merge_small_files, vacuum_lake
from fink_lib.science.framework.silver import silver_spec
from fink_lib.served.columns import sources_spec
from fink_lib.storage import LakePath, on_disk
from fink_lib.surveys import SURVEYS
from fink_lib.surveys.tables import bronze_spec

logger = logging.getLogger(__name__)


def known_specs(lake: LakePath) -> list[TableSpec]:
    """Return the spec of every table that has one, those of the catalogues that a lake holds among them."""
    found = [*tables_of_all_surveys(), tables.gold_object_pairs(), tables.gold_phase_curves(), *catalog_specs(lake)]
    found.append(tables.gold_periods())
    for name, survey in SURVEYS.items():
        found += [bronze_spec(survey), tables.bronze_topics(name), tables.quarantine(name), tables.releases(name)]
        found += [silver_spec(survey), tables.silver_rejected(name), tables.science_facts(name)]
        found += [tables.gold_published(name), tables.gold_filter_failures(name), tables.gold_known_losses(name)]
        found += [gold_crossmatch(name), gold_crossmatched(name), tables.gold_tracklets(name)]
        found += [tables.gold_objects(name), tables.gold_moving_objects(name)]
        found += [tables.gold_event_searches(name), tables.gold_event_matches(name)]
        found += [sources_spec(survey, silver_spec(survey).schema)]
        found += [tables.gold_alert_ids(name), tables.gold_latest(name)]
        found += [tables.gold_asteroid_links(name)]
    return found


def tables_of_all_surveys() -> list[TableSpec]:
    """Return the specs of the small tables that all surveys share."""
    of_nights = [tables.gold_nights(), tables.gold_statistics(), tables.gold_quality_results()]
    of_people = [tables.gold_decisions(), tables.gold_user_filters(), tables.gold_notices()]
    of_people.append(tables.bronze_community_refused())
    of_events = [tables.gold_community(), tables.bronze_event_notices(), tables.gold_events()]
    return [tables.bronze_schemas(), *of_nights, *of_people, *of_events, gold_catalogs(), tables.gold_table_stats()]


def catalog_specs(lake: LakePath) -> list[TableSpec]:
    """Return the specs of the catalogues in a lake."""
    prefix = gold_catalog("").full_name
    names = sorted(path.name for path in lake.glob(f"{prefix}*"))
    return [gold_catalog(name.removeprefix(prefix)) for name in names]


def merged_here() -> list[TableSpec]:
    """Return the tables that no closing compacts: their rows belong to no night, or to one whose match replaces them.

    Those of a catalogue are left as a load wrote them.
    """
    found = tables_of_all_surveys()
    for name in SURVEYS:
        found += [tables.bronze_topics(name), tables.quarantine(name), tables.releases(name)]
        found += [tables.science_facts(name)]
        found += [tables.gold_filter_failures(name), tables.gold_known_losses(name)]
        found += [gold_crossmatch(name), gold_crossmatched(name)]
        found += [tables.gold_event_searches(name), tables.gold_event_matches(name)]
    return found


def state_of(lake: LakePath) -> dict[str, JsonObject]:
    """Return, for each table that is there, how its files are and what they should be."""
    found = {}
    for spec in known_specs(lake):
        state = health(spec, lake)
        if state is not None:
            found[spec.full_name] = {**state.as_json(), "aim_mb": spec.file_mb}
    return dict(sorted(found.items()))


def keep_house(settings: Settings, now: dt.datetime) -> JsonObject:
    """Merge small files, vacuum the lake, prune the home; record the state of every table in `gold__table_stats`.

    Parameters
    ----------
    settings
        Of the broker.
    now
        The time, in UTC.

    Returns
    -------
    What was written to ``upkeep.json``: state of the tables, and what was removed.

    Raises
    ------
    LakeError
        When an older version wrote the lake, or its upgrade was not finished.
    """
    require_current_lake(on_disk(settings.lake, "vacuum"))
    for spec in merged_here():
        merge_small_files(spec, settings.lake)
    removed = vacuum_lake(settings, now)
    cleaned = clean_logs(settings, now)
    state = state_of(settings.lake)
    rows = [
        {
            "day": now.date(),
            "at": now,
            "table": name,
            **{key: facts[key] for key in ("files", "bytes", "rows", "partitions", "fewest")},
            "crowded": len(facts["crowded"]),
            "removed": removed[name]["removed"],
            "removed_bytes": removed[name]["removed_bytes"],
            "kept_because": removed[name]["kept_because"],
        }
        for name, facts in state.items()
        if name in removed  # a table that was made meanwhile is looked at tomorrow
    ]
    replace_rows(tables.gold_table_stats(), settings.lake, rows, {"day": now.date().isoformat()})
    result = {"at": now.isoformat(timespec="seconds"), "tables": state, "removed": removed, "pruned": prune(settings)}
    result |= {"logs": cleaned, "counters": drop_counters(settings, now)}
    replace_text(settings.home / "upkeep.json", to_json(result))
    return result


def sentences(result: JsonObject) -> Iterator[str]:
    """Say what was done: a line for each table, and what else went."""
    for name, facts in result["removed"].items():
        told = facts["kept_because"] or f"{facts['removed']} files, {facts['removed_bytes'] / MB:,.1f} MB removed"
        yield f"{name}: {told}"
    entries = {name: count for name, count in result["logs"].items() if count}
    if entries:
        yield f"commit logs: {sum(entries.values())} files of {len(entries)} tables that no reader needs removed"
    counters = result["counters"]
    if counters["deleted"]:
        yield f"counter topics of nights that were closed long ago, deleted: {', '.join(counters['deleted'])}"
    if counters["kept_because"]:
        yield f"counter topics: {counters['kept_because']}"
    pruned = result["pruned"]
    yield f"pruned: {len(pruned['checkpoints'])} checkpoints, {pruned['logs']} logs, {pruned['bytes'] / MB:,.1f} MB"
    for what in ("requests", "shadows"):
        if pruned[what]:
            yield f"{what} that are over: {', '.join(pruned[what])}"
