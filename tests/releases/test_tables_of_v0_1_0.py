"""Every table but bronze is declared as v0.1.0 declared it, but for two names: columns, partitions, description."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from fink_lib.config import Settings
from fink_lib.lake import table_names
from fink_lib.lake.log import PROPERTIES
from fink_lib.lake.small import ensure_small
from fink_lib.lake.tables.partner import PARTNER_NAMES
from fink_lib.maintenance.run import known_specs
from fink_lib.science.framework.registry import stream_modules
from fink_lib.surveys import SURVEYS
from tests.releases.releases import V0_1_0
from tests.unit.lake.pinned_tables import RENAMED

Declared = tuple[dict[str, Any], list[str], str | None, dict[str, str]]


def declared(lake: Path) -> dict[str, Declared]:
    found = {name: DeltaTable(str(lake / name)) for name in table_names(lake)}
    return {
        name: (
            json.loads(table.schema().to_json()),
            table.metadata().partition_columns,
            table.metadata().description,
            # How the log is kept, every table is told anew: `keep_log`.
            {name: told for name, told in table.metadata().configuration.items() if name not in PROPERTIES},
        )
        for name, table in found.items()
    }


def under_todays_names(before: dict[str, Declared]) -> dict[str, Declared]:
    """Return declarations with the column and the table renamed that `fink lake upgrade` renames."""
    for schema, *_ in before.values():
        for one in schema["fields"]:
            one["name"] = RENAMED.get(one["name"], one["name"])
    return {RENAMED.get(name, name): declaration for name, declaration in before.items()}


def without_new_science(now: dict[str, Declared], before: dict[str, Declared], survey: str) -> None:
    """Leave out the columns of enrich that v0.1.0 did not have: a stream adds them to a table that is there."""
    name = f"silver_{survey}__alerts"
    if name in before:
        outputs = {out.name for module in stream_modules(survey) for out in module.outputs}
        came = (outputs | set(PARTNER_NAMES)) - {one["name"] for one in before[name][0]["fields"]}
        schema = now[name][0]
        schema["fields"] = [one for one in schema["fields"] if one["name"] not in came]


def test_every_table_is_declared_as_it_was(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    code = V0_1_0.lay_out(tmp_path / "code")
    script = Path(__file__).with_name("v0_1_0_tables.py")
    V0_1_0.run(code, script, str(old), settings=Settings(home=tmp_path / "home"))
    for spec in known_specs(new):
        ensure_small(spec, new)
    assert len(table_names(old)) > 20
    before, now = under_todays_names(declared(old)), declared(new)
    for survey in SURVEYS:
        without_new_science(now, before, survey)
    assert all(PROPERTIES.items() <= DeltaTable(str(new / name)).metadata().configuration.items() for name in now)
    changed = {name for name in before if now[name] != before[name]}
    # `fink lake upgrade` brings the first two over; the others gain a column when a stream starts.
    bronze = {f"bronze_{survey}__{name}" for survey in ("ztf", "lsst") for name in ("alerts", "quarantine")}
    # No home has rows in the silver of lsst: its streams did not run.
    published = {f"gold_{survey}__published" for survey in ("ztf", "lsst")}
    assert changed == {*bronze, *published, "silver_lsst__alerts"}
    of_others = set(SURVEYS) - {"ztf", "lsst"}
    came = {name for one in ("ztf", "lsst") for name in (f"bronze_{one}__topics", f"gold_{one}__known_losses")}
    new_ones = {name for name in set(now) - set(before) if name.split("_")[1] not in of_others}
    came |= {f"gold_{one}__event_{name}" for one in ("ztf", "lsst") for name in ("searches", "matches")}
    names = ("objects", "moving_objects", "asteroid_links", "sources", "alert_ids", "latest")
    came |= {f"gold_{one}__{name}" for one in ("ztf", "lsst") for name in names}
    came |= {"bronze__event_notices", "gold__events", "gold__object_pairs", "gold__phase_curves", "gold__community"}
    came |= {"bronze__community_refused", "gold__periods"}
    assert new_ones == {"bronze__schemas", *came}


def test_a_clone_without_the_release_is_told_what_it_lacks(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    with pytest.raises(LookupError, match=f"lacks commit {V0_1_0.commit}"):
        V0_1_0.lay_out(tmp_path / "code", tmp_path)
