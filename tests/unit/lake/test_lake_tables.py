"""The tables as code: what v0.1.0 made of them is what is made now; every column of ours says what it means."""

import json
import re
from pathlib import Path

import pytest
from pyspark.sql.pandas.types import to_arrow_schema

from fink_lib.config import PROJECT_DIR
from fink_lib.lake.spark.table import spark_schema
from fink_lib.lake.tables import full_name, gold_catalog
from fink_lib.lake.tables.partner import PARTNER_NAMES
from fink_lib.lake.tables.spec import TableSpec, meaning_of
from fink_lib.maintenance.run import known_specs
from fink_lib.science.framework.registry import stream_modules
from fink_lib.surveys import SURVEYS
from fink_lib.surveys.tables import packet_schema
from tests.unit.lake.pinned_tables import pinned_tables

PINNED = pinned_tables()
SPECS = {spec.full_name: spec for spec in [*known_specs(Path("nowhere")), gold_catalog("gcvs")]}
FACTS = (
    *("partitioned_by", "comment", "key", "append_only", "indexed_columns"),
    *("clustered_by", "looked_up_by", "file_mb", "properties"),
)
CHANGED = {"silver_lsst__alerts"} | {
    f"bronze_{survey}__{name}" for survey in ("ztf", "lsst") for name in ("alerts", "quarantine")
}
CHANGED |= {f"gold_{survey}__published" for survey in ("ztf", "lsst")}
CHANGED.add("silver_lsst__alerts")  # the columns of Rubin's newest schema
# Layer, survey or a hole in its place, two underscores, name: in a text that code builds or compares with
COPIED = re.compile(r"""f?["'](?:bronze|silver|gold)(?:_[a-z{}._]+)?__(?:[a-z_]+|\{[a-z_.]+\})["']""")


def packet_columns(survey: str) -> set[str]:
    return set(packet_schema(SURVEYS[survey], cutouts=True).names) if survey else set()


def science_columns(spec: TableSpec) -> set[str]:
    """What enrich finds: columns of a new module, or of partners, come into a table that is there (`ensure_table`)."""
    of_silver = (spec.layer, spec.name) == ("silver", "alerts")
    outputs = {out.name for module in stream_modules(spec.survey) for out in module.outputs} if of_silver else set()
    return outputs | set(PARTNER_NAMES if of_silver else ())


def test_which_tables_came_and_that_none_went() -> None:
    of_survey = {name for one in ("ztf", "lsst") for name in (f"bronze_{one}__topics", f"gold_{one}__known_losses")}
    of_survey |= {f"gold_{one}__event_{name}" for one in ("ztf", "lsst") for name in ("searches", "matches")}
    of_survey |= {f"gold_{one}__{name}" for one in ("ztf", "lsst") for name in ("objects", "moving_objects")}
    of_all = {"bronze__event_notices", "gold__events", "gold__object_pairs", "gold__phase_curves", "gold__community"}
    of_all |= {"bronze__community_refused", "gold__periods"}
    of_survey |= {f"gold_{one}__{name}" for one in ("ztf", "lsst") for name in ("sources", "alert_ids", "latest")}
    of_survey |= {f"gold_{one}__asteroid_links" for one in ("ztf", "lsst")}
    came = {"bronze__schemas", *of_survey}
    assert {name for name, spec in SPECS.items() if spec.survey in {"", "ztf", "lsst"}} == {*PINNED, *came, *of_all}


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_what_bronze_and_quarantine_have_gained_and_lost(survey: str) -> None:
    packet = packet_columns(survey)
    bronze, old = SPECS[f"bronze_{survey}__alerts"].schema.names, PINNED[f"bronze_{survey}__alerts"]["columns"]
    gained = {"schema_sha256", "rebuilt", "kafka_key", "kafka_headers", "head", "tail"}
    assert set(bronze) - set(old) == gained
    of_older_versions = {"lsst": {"MPCORB", "alertId"}}.get(survey, set())  # read under the names of the newest
    assert {name for name in old if name not in packet} - set(bronze) == {"schema_fingerprint", *of_older_versions}
    quarantine = SPECS[f"bronze_{survey}__quarantine"].schema.names
    assert set(quarantine) - set(PINNED[f"bronze_{survey}__quarantine"]["columns"]) == {"raw_headers"}


@pytest.mark.parametrize("survey", ["ztf", "lsst"])
def test_published_has_gained_the_id_of_a_topic(survey: str) -> None:
    """A stream gives the column to a table that is there; what was recorded before has none."""
    spec, old = SPECS[f"gold_{survey}__published"], PINNED[f"gold_{survey}__published"]
    assert [name for name in spec.schema.names if name != "topic_id"] == list(old["columns"])
    assert spec.key == ("topic", "topic_id", "partition", "offset")


@pytest.mark.parametrize("name", sorted(set(PINNED) - CHANGED))
def test_a_table_is_the_one_that_v0_1_0_made(name: str) -> None:
    spec, struct = SPECS[name], spark_schema(SPECS[name])
    facts = {fact: getattr(spec, fact) for fact in FACTS}
    assert json.loads(json.dumps(facts)) == {fact: PINNED[name][fact] for fact in FACTS}
    came = science_columns(spec) - set(PINNED[name]["columns"])
    columns = [(one.name, one.dataType.simpleString()) for one in struct.fields if one.name not in came]
    assert columns == list(PINNED[name]["columns"].items())
    assert all(one.nullable and not one.metadata for one in struct.fields)
    assert '"nullable":false' not in struct.json()
    assert 'containsNull":false' not in struct.json()


@pytest.mark.parametrize("name", sorted(SPECS))
def test_rows_are_written_with_and_without_spark_in_the_same_types(name: str) -> None:
    assert to_arrow_schema(spark_schema(SPECS[name])).equals(SPECS[name].plain_schema, check_metadata=True)


@pytest.mark.parametrize("name", sorted(SPECS))
def test_every_column_that_is_ours_has_a_meaning(name: str) -> None:
    spec = SPECS[name]
    silent = {one.name for one in spec.schema if not meaning_of(one)}
    assert silent <= packet_columns(spec.survey)
    assert spec.written_by


@pytest.mark.parametrize("name", sorted(SPECS))
def test_keys_and_partitions_are_columns(name: str) -> None:
    spec = SPECS[name]
    assert {*spec.key, *spec.partitioned_by, *spec.clustered_by, *spec.looked_up_by} <= set(spec.schema.names)


def test_a_name_has_a_survey_or_none() -> None:
    assert full_name("silver", "ztf", "alerts") == "silver_ztf__alerts"
    assert full_name("gold", None, "nights") == full_name("gold", "", "nights") == "gold__nights"


def test_paths_lead_through_structs_and_lists() -> None:
    assert {"night", "candidate", "candidate.jd", "prv_candidates.jd"} <= SPECS["silver_ztf__alerts"].paths
    assert "kafka_headers.key" in SPECS["bronze_ztf__alerts"].paths


def test_no_name_of_a_table_is_copied() -> None:
    """Code asks the spec, or `full_name`, for the name of a table; prose may say it."""
    folders = ("fink_lib", "jobs", "dags", "expectations")
    paths = sorted(path for folder in folders for path in (PROJECT_DIR / folder).rglob("*.py"))
    found = [(path.name, copied) for path in paths for copied in COPIED.findall(path.read_text())]
    assert found == []


@pytest.mark.parametrize("text", ['f"silver_{survey.name}__alerts"', '"gold__statistics"', "'bronze_ztf__alerts'"])
def test_a_copied_name_is_found(text: str) -> None:
    assert COPIED.search(f"path = lake / {text}")
    assert not COPIED.search(f"the table `{text[1:-1]}` holds")
