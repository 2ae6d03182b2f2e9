"""The whole of it: vacuum, prune, and how every table lies on disk afterwards, kept as a row a table and run."""

import datetime as dt
import logging
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.enrich.schema import silver_spec
from fink_lib.lake import tables
from fink_lib.lake.health import health
from fink_lib.lake.small import replace_rows
from fink_lib.lake.table import TableSpec
from fink_lib.maintenance.prune import prune
from fink_lib.maintenance.vacuum import merge_small_files, vacuum_lake
from fink_lib.nightly.results import JsonObject, replace_text, to_json
from fink_lib.surveys import SURVEYS

logger = logging.getLogger(__name__)


def known_specs() -> list[TableSpec]:
    """Return the spec of every table that has one."""
    found = [tables.gold_nights(), tables.gold_statistics(), tables.gold_quality_results(), tables.gold_upkeep()]
    for survey in SURVEYS.values():
        found += [tables.bronze_alerts(survey), tables.quarantine(survey), silver_spec(survey)]
        found += [tables.silver_rejected(survey), tables.gold_published(survey)]
        found += [tables.gold_filter_failures(survey)]
    return found


def merged_here() -> list[TableSpec]:
    """Return the tables whose rows belong to no night, or whose night is unknown: no closing compacts those."""
    undated = [tables.quarantine(survey) for survey in SURVEYS.values()]
    failures = [tables.gold_filter_failures(survey) for survey in SURVEYS.values()]
    return [tables.gold_nights(), tables.gold_upkeep(), *undated, *failures]


def state_of(lake: Path) -> dict[str, JsonObject]:
    """Return, for each table that is there, how its files are and what they should be."""
    found = {}
    for spec in known_specs():
        state = health(spec, lake)
        if state is not None:
            found[spec.full_name] = {**state.as_json(), "aim_mb": spec.file_mb}
    return dict(sorted(found.items()))


def keep_house(settings: Settings, now: dt.datetime) -> JsonObject:
    """Merge small files, vacuum the lake, prune the home; record the state of every table in `gold__upkeep`."""
    for spec in merged_here():
        merge_small_files(spec, settings.lake)
    removed = vacuum_lake(settings, now)
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
    ]
    replace_rows(tables.gold_upkeep(), settings.lake, rows, {"day": now.date().isoformat()})
    result = {"at": now.isoformat(timespec="seconds"), "tables": state, "removed": removed, "pruned": prune(settings)}
    replace_text(settings.home / "upkeep.json", to_json(result))
    return result
