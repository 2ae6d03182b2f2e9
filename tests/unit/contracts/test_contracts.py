"""What the broker writes as JSON has a declared shape; what v0.1.0 wrote is still read."""

import json
from typing import Any

import pytest

from fink_lib.contracts.base import Contract
from fink_lib.contracts.night import NightManifest
from fink_lib.docs_pages.contracts import CONTRACTS, FOLDER, schema
from fink_lib.errors import ConfigError

# As v0.1.0 wrote it of a night of 320 messages: without `format` and `content`.
NIGHT_OF_V0_1_0: dict[str, Any] = {
    "survey": "ztf", "night": "2021-11-22", "version": 1, "closed_at": "2021-11-23T07:00:00+00:00", "run_id": "run-1",
    "code_version": "0.1.0", "offered": 320, "bronze": 318, "quarantine": 2, "silver": 210, "rejected": 90,
    "repeats": 18, "quarantine_enrich": 0, "partition_rows": {"bronze": 318, "quarantine": 2},
    "published": {"fink_variable_stars_ztf": 88}, "equation_holds": True,
    "equations": ["320 offered = 318 bronze + 2 quarantine"], "lost": [], "expectations": {"failed": 1, "passed": 1},
    "latency_s": {"ingest": {"p50": 1.0, "p95": 1.4, "p99": 1.5}}, "critical_failed": [], "catalogs": {},
    "not_computed": {}, "ok": True, "tables": {"bronze": 7, "silver": 5},
    "offsets": {"ztf_20211122_programid1": []},
}  # fmt: skip


def test_a_night_of_v0_1_0_is_read() -> None:
    night = NightManifest.of(NIGHT_OF_V0_1_0)
    assert (night.format, night.offered, night.expectations.failed) == (1, 320, 1)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"offered": "320"}, r"night-manifest: 'offered' is '320': input should be a valid integer"),
        ({"offered": -1}, r"'offered' is -1: input should be greater than or equal to 0"),
        ({"night": "22.11.2021"}, r"'night' is '22.11.2021'"),
        ({"expectations": {"passed": 1}}, r"'expectations.failed'"),
        ({"silvr": 3}, r"'silvr' is 3: extra inputs are not permitted"),
        ({"format": 99}, r"'format' is 99"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        NightManifest.of({**NIGHT_OF_V0_1_0, **change})


def test_a_field_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^night-manifest: 'ok' is missing$"):
        NightManifest.of({name: value for name, value in NIGHT_OF_V0_1_0.items() if name != "ok"})


def test_a_long_value_is_cut() -> None:
    with pytest.raises(ConfigError, match="'night' is ") as refused:
        NightManifest.of({**NIGHT_OF_V0_1_0, "night": "2" * 5000})
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_the_published_schema_is_that_of_the_code(contract: type[Contract]) -> None:
    published = (FOLDER / f"{contract.name}.json").read_text()
    assert published == schema(contract), "run `make schemas`"
    assert set(json.loads(published)["properties"]) == set(contract.model_fields)
