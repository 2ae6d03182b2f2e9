"""Run in a copy of the code in which CONTRIBUTING.md was followed: what was added, on alerts that are made here."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.catalogs.sources import known_files
from fink_lib.catalogs.standard import write_standard
from fink_lib.filters.evaluate import evaluate
from fink_lib.filters.registry import filters_of
from fink_lib.lake.tables import gold_observing_notes
from fink_lib.maintenance.run import merged_here
from fink_lib.science.framework.batch_builder import batch_of_packets, wanted
from fink_lib.science.framework.registry import stream_modules
from fink_lib.science.framework.runner import run
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import get_survey
from fink_lib.surveys.checks import decode
from tests.unit.filters.filter_rows import batch_of_rows

ADDED = ("peak", "crossmatch_white_dwarfs")
HERE = Path(__file__).parents[1] / "surveys" / "mysky"


def test_the_stream_of_the_new_survey_runs_the_new_modules_on_its_packets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey = get_survey("mysky")
    packets = [decode(survey.framing.unwrap(path.read_bytes())) for path in sorted(HERE.glob("*.avro"))]
    place = packets[0]["point"]
    stars = {"WDJname": ["one"], "RA_ICRS": [place["ra"]], "DE_ICRS": [place["dec"]], "Pwd": [0.9]}
    pq.write_table(pa.table(stars), tmp_path / "white_dwarfs.parquet")
    monkeypatch.setenv("FINK_CATALOGS", str(tmp_path))
    modules = tuple(module for module in stream_modules("mysky") if module.name in ADDED)
    assert {module.name for module in modules} == set(ADDED)
    inputs = survey.inputs
    outcome = run(modules, batch_of_packets(packets, wanted(modules, inputs), inputs, survey), tmp_path / "cache")
    assert outcome.errors == {}
    assert outcome.columns["peak_mag"].to_pylist() == [18.0, 18.0]
    assert outcome.columns["peak_age"].to_pylist() == [1.0, 1.0]
    assert outcome.columns["white_dwarf"].to_pylist() == ["one", "Unknown"]
    assert {"peak_mag", "white_dwarf_probability"} <= set(silver_spec(survey).schema.names)


def test_the_new_filter_selects_an_alert_of_silver() -> None:
    (chosen,) = (one for one in filters_of("ztf") if one.name == "bright_and_rising")
    passing = {"candidate.magpsf": 16.5, "mag_rate": -0.3, "candidate.isdiffpos": "t"}
    rows = [passing, {**passing, "mag_rate": 0.3}]
    assert evaluate([chosen], batch_of_rows("ztf", chosen.inputs, rows), 2).names == [[chosen.name], []]


def test_the_described_catalogue_can_be_loaded(tmp_path: Path) -> None:
    stars = {"WDJname": ["one"], "RA_ICRS": [10.0], "DE_ICRS": [-5.0], "Pwd": [0.9]}
    pq.write_table(pa.table(stars), tmp_path / "white_dwarfs.parquet")
    described = Path(__file__).parents[3] / "white_dwarfs.json"
    (tmp_path / described.name).write_text(described.read_text())
    found = known_files(tmp_path)["white_dwarfs"]
    assert (found.radius_arcsec, found.source_id) == (json.loads(described.read_text())["radius_arcsec"], "WDJname")
    assert write_standard(found, tmp_path / "out.parquet").rows == 1
    assert np.isclose(pq.read_table(tmp_path / "out.parquet")["ra"][0].as_py(), 10.0)


def test_maintenance_knows_the_new_table() -> None:
    assert gold_observing_notes().full_name in {spec.full_name for spec in merged_here()}
