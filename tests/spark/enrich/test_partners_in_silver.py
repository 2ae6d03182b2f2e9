"""Silver says which object of another survey an alert's object was paired with when it was enriched."""

from pathlib import Path
from typing import Any

import pytest
from enrich_bench import Bench, bronze_row

from fink_lib.filters.users.predicate import parse_predicate
from fink_lib.lake.small import append_rows
from fink_lib.lake.spark.table import ensure_table
from fink_lib.lake.tables import gold_object_pairs
from fink_lib.lake.tables.partner import PARTNER_NAMES
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.science.framework.silver import silver_spec
from tests.builders.packet_rows import read_packets

pytestmark = [
    pytest.mark.spark,
    # py4j leaves the sockets of foreachBatch's callbacks to the garbage collector
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
FACTS = {"separation_arcsec": 0.25, "chance_a": 0.003, "ambiguous": False, "rank_a": 1, "rank_b": 1}


def pair(name: str, partner: str) -> dict[str, Any]:
    sides = {"survey_a": "lsst", "object_a": partner, "survey_b": "ztf", "object_b": name}
    return {"cell": 0, "kind": "position", **sides, **FACTS}


@pytest.fixture
def rows(bench: Bench, shared_data: Path) -> list[dict[str, Any]]:
    """Alerts of objects that each stand there once."""
    packets = list(read_packets(shared_data / "ztf" / "ztf_public_20231018.tar.gz"))
    by_object = {packet["objectId"]: packet for packet in packets}
    return [bronze_row(bench.survey, packet, at) for at, packet in enumerate(list(by_object.values())[:12])]


def before_partners(spec: TableSpec) -> TableSpec:
    """Return silver as it was before it had the columns."""
    old = [one for one in spec.schema if one.name not in PARTNER_NAMES]
    return TableSpec(**{**vars(spec), "schema": spec.schema.empty_table().select([one.name for one in old]).schema})


def test_an_older_lake_gets_the_columns_and_each_batch_names_its_version(
    bench: Bench, rows: list[dict[str, Any]]
) -> None:
    ensure_table(before_partners(silver_spec(bench.survey)), bench.session, bench.settings.lake)
    assert not set(PARTNER_NAMES) & set(bench.silver.columns)
    first, second = rows[0]["object_id"], rows[6]["object_id"]
    bench.offer(rows[:4])
    bench.run()
    assert {tuple(row) for row in bench.silver.select(*PARTNER_NAMES).collect()} == {(None,) * len(PARTNER_NAMES)}
    append_rows(gold_object_pairs(), bench.settings.lake, [pair(first, "313"), pair(second, "314")])
    bench.offer(rows[4:])
    bench.run()
    told = {row.object_id: row for row in bench.silver.select("object_id", *PARTNER_NAMES).collect()}
    assert {name for name, row in told.items() if row.partner_id is not None} == {second}, "the first came before"
    found = {name: told[second][name] for name in PARTNER_NAMES}
    version = found.pop("partner_tables")
    assert found == {
        "partner_survey": "lsst",
        "partner_id": "314",
        "partner_sep_arcsec": 0.25,
        "partner_chance": 0.003,
        "partner_ambiguous": False,
    }
    assert version.startswith("gold__object_pairs ")
    assert {told[row["object_id"]].partner_tables for row in rows[4:]} == {version}
    asked = parse_predicate("partner_survey = 'lsst' AND partner_chance < 0.01", silver_spec(bench.survey).paths)
    assert [row.object_id for row in bench.silver.where(asked.sql).collect()] == [second]
