"""Our columns beside Fink's: what counts as equal, and what is said of what does not."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fink_lib.cli.science import app
from fink_lib.compare_fink.parity import Comparison, compare
from fink_lib.compare_fink.rules import CAUSES, Cause, cause_of
from fink_lib.errors import ConfigError
from fink_lib.offline.flatten import leaves
from fink_lib.science.framework.base import Cost, Module, Output


def module(name: str, column: str, kind: pa.DataType) -> Module:
    return Module(
        name=name,
        version="1",
        meaning="For a test.",
        reference="none",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        outputs=(Output(column, kind, "", "A value."),),
        compute=lambda _batch, _resource: {},
    )


def compared(
    column: str, kind: pa.DataType, ours: list[Any], theirs: list[Any], reasons: dict[int, str] | None = None
) -> Comparison:
    """Compare one column of made values."""
    errors = [[("toy", reasons[row])] if reasons and row in reasons else [] for row in range(len(ours))]
    table = pa.table(
        {
            "alert_id": list(range(len(ours))),
            column: pa.array(ours, type=kind),
            "science_errors": pa.array(errors, type=pa.map_(pa.string(), pa.string())),
        }
    )
    published = pa.table({"candid": list(range(len(theirs))), column: theirs, "cdsxmatch": ["Seyfert2"] * len(theirs)})
    return compare(table, published, [module("toy", column, kind)])[column]


def test_scores_are_compared_within_their_tolerance_and_not_run_is_fink_s_zero() -> None:
    found = compared(
        "snn_sn_vs_all",
        pa.float64(),
        [0.5, 0.5, None, 0.7],
        [0.500001, 0.6, 0.0, 0.0],
        {2: "not run: fewer than 2 detections"},
    )
    assert (found.compared, found.equal) == (4, 2)
    assert found.max_diff == pytest.approx(0.7)
    assert [difference.alert_id for difference in found.differences] == [1, 3]
    assert found.differences[0].cause == "not explained"
    assert "2022" in found.differences[1].cause  # a label that Fink's list lacks


def test_a_score_that_we_lack_is_a_difference_and_says_why() -> None:
    found = compared("snn_sn_vs_all", pa.float64(), [None], [0.9], {0: "not run: fewer than 2 detections"})
    assert (found.equal, found.max_diff) == (0, 0.9)
    assert found.differences[0].cause.endswith("ours not run: fewer than 2 detections")


def test_words_for_nothing_are_equal_and_other_words_are_not() -> None:
    found = compared("vsx", pa.string(), ["Unknown", "EW", "EW", None], ["nan", "EW", "M", "Unknown"])
    assert (found.compared, found.equal, found.max_diff) == (4, 3, 1.0)


def test_a_failed_service_of_fink_s_is_named() -> None:
    assert "did not answer" in compared("vsx", pa.string(), ["EW"], ["Fail 503"]).differences[0].cause


def test_what_is_not_loaded_is_left_out_and_counted() -> None:
    found = compared("vsx", pa.string(), [None], ["EW"], {0: "not run: not loaded: no file"})
    assert (found.compared, found.not_loaded) == (0, 1)


def test_nested_values_are_compared_leaf_by_leaf_from_json_text() -> None:
    kind = pa.struct([("mean", pa.float64()), ("slope", pa.float64())])
    theirs = [json.dumps({"mean": 18.0, "slope": float("nan")}), json.dumps({"mean": 18.1, "slope": 1.0}), None]
    found = compared("lc_features_g", kind, [{"mean": 18.0, "slope": None}, {"mean": 18.0, "slope": 1.0}, None], theirs)
    assert (found.compared, found.equal) == (5, 4)
    assert found.differences[0].part == "mean"
    assert found.max_diff == pytest.approx(0.1 / 18.1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, {"": 1.0}),
        ("nan", {"": None}),
        (" EW ", {"": "EW"}),
        ("12.50", {"": 12.5}),
        ("3012", {"": "3012"}),
        ('[["lum_dist", "12.5"], ["name", "None"]]', {"lum_dist": 12.5, "name": None}),
        ([("a", 1.0)], {"a": 1.0}),
        ([1.0, float("nan")], {"0": 1.0, "1": None}),
        ({"a": {"b": 2}}, {"a.b": 2.0}),
    ],
)
def test_leaves(value: Any, expected: dict[str, Any]) -> None:
    assert leaves(value) == expected


def test_tables_without_a_common_alert_or_without_an_id_are_refused() -> None:
    ours = pa.table(
        {"alert_id": [1], "vsx": ["EW"], "science_errors": pa.array([[]], pa.map_(pa.string(), pa.string()))}
    )
    with pytest.raises(ConfigError, match="no alert in common"):
        compare(ours, pa.table({"candid": [2], "vsx": ["EW"]}), [])
    with pytest.raises(ConfigError, match="no column candid"):
        compare(ours, pa.table({"vsx": ["EW"]}), [])


# Columns that must be equal, with the largest difference that is.
EQUAL = {
    "roid": 0.0,
    "nalerthist": 0.0,
    "gcvs": 0.0,
    "x3hsp": 0.0,
    "x4lac": 0.0,
    "mangrove": 1e-6,
    "jd_first_real_det": 0.0,
    "jdstarthist_dt": 1e-8,
    "lc_features_g": 1e-6,
    "lc_features_r": 1e-6,
    "snn_snia_vs_nonia": 1e-5,
    "snn_sn_vs_all": 1e-5,
    "rf_snia_vs_nonia": 0.0,
    "anomaly_score": 1e-6,
}


def test_the_command_finds_what_fink_published_of_2025(real_alerts: Path, tmp_path: Path) -> None:
    outputs = real_alerts / "fink_outputs" / "ztf_2025.parquet"
    packets = str(real_alerts / "ztf" / "ztf_2025_packets.tar.gz")
    written = tmp_path / "parity.json"
    result = CliRunner().invoke(
        app, ["parity", "--packets", packets, "--outputs", str(outputs), "--json", str(written)], catch_exceptions=False
    )
    assert result.exit_code == 0
    found = json.loads(written.read_text())
    for column, largest in EQUAL.items():
        assert set(found[column]) == {"compared", "equal", "max_diff"}
        assert found[column]["compared"] == found[column]["equal"] >= 55, column
        assert found[column]["max_diff"] <= largest, column
    published = pq.read_table(outputs)
    nonzero = sum(score != 0.0 for score in published["snn_snia_vs_nonia"].to_pylist())
    assert nonzero == 13  # equal zeros alone would prove little
    assert found["vsx"]["equal"] < 55
    assert "vsx" in result.output
    assert "did not answer" in result.output
    # Fink's batch shifts two alerts by more than three errors: named, and not talked away.
    unexplained = {line.split(":")[0].strip() for line in result.output.splitlines() if "not explained" in line}
    assert unexplained == {"mag_rate", "sigma_rate", "lower_rate", "upper_rate"}
    shown = " ".join(result.output.split())
    assert {name: f"{name}: 2 differ: not explained" in shown for name in ("mag_rate", "sigma_rate", "lower_rate")} == {
        "mag_rate": True, "sigma_rate": True, "lower_rate": True
    }  # fmt: skip
    # Twelve points whose time Fink does not have, for a cause that is named; all others are equal.
    assert (found["delta_time"]["compared"], found["delta_time"]["equal"]) == (55, 43)
    assert "delta_time: 12 differ: Fink looks back for the last point" in " ".join(result.output.split())
    assert found["rf_kn_vs_nonkn"]["equal"] >= 49
    assert found["mulens"]["equal"] == 55


def test_the_command_finds_what_fink_published_of_2021(shared_data: Path, tmp_path: Path) -> None:
    """Models of science 0.4.8 are not at hand; what needs none is equal for all 124 alerts."""
    outputs = str(shared_data / "fink_outputs" / "ztf_20211122.parquet")
    packets = str(shared_data / "ztf" / "ztf_public_20211122.tar.gz")
    written = tmp_path / "parity.json"
    asked = ["parity", "--packets", packets, "--outputs", outputs, "--json", str(written)]
    result = CliRunner().invoke(app, [*asked, "--modules", "detections,solar_system"], catch_exceptions=False)
    assert result.exit_code == 0
    found = json.loads(written.read_text())
    assert found == {name: {"compared": 124, "equal": 124, "max_diff": 0.0} for name in ("nalerthist", "roid")}
    assert "differ" not in result.output.partition("columns of Fink's")[0].replace("difference", "")


def test_modules_run_over_packets_and_leave_a_table(real_alerts: Path, tmp_path: Path) -> None:
    out = tmp_path / "science.parquet"
    packets = str(real_alerts / "ztf" / "ztf_2025_packets.tar.gz")
    asked = ["run", packets, "--out", str(out), "--modules", "supernnova"]
    assert CliRunner().invoke(app, asked, catch_exceptions=False).exit_code == 0
    table = pq.read_table(out)
    assert table.num_rows == 55
    # what the module needs has run too, and nothing else
    assert {"alert_id", "roid", "gcvs", "host_kind", "snn_sn_vs_all", "science_errors"} <= set(table.column_names)
    assert "anomaly_score" not in table.column_names
    assert b"model.snn_sn_vs_all" in table.schema.metadata


def test_a_module_is_listed_and_explained() -> None:
    listed = CliRunner().invoke(app, ["list"], catch_exceptions=False)
    assert "early_snia" in listed.output
    shown = CliRunner().invoke(app, ["show", "early_snia"], catch_exceptions=False)
    assert "arXiv:2111.11438" in shown.output
    assert "model.early_snia: fink-science 7.4.0" in shown.output
    with pytest.raises(ConfigError, match="unknown science module"):
        CliRunner().invoke(app, ["show", "tarot"], catch_exceptions=False)


FEW_IN_A_BAND = {"science_errors": [("kilonova", "not run: fewer than 3 detections near the maximum of g or r")]}


@pytest.mark.parametrize(
    ("column", "ours", "theirs", "rows", "words"),
    [
        ("delta_time", 1.0, None, ({"delta_time": float("nan")}, {"delta_time": 1.0}), "gives up at one in the i band"),
        ("delta_time", None, 1.0, ({"delta_time": 1.0}, {}), "not explained"),
        ("mag_rate", 1.0, 1.2, ({"delta_time": 3.0, "sigma_rate": 0.1}, {"sigma_rate": 0.1}), "without a seed"),
        ("mag_rate", 1.0, 2.0, ({"delta_time": 3.0, "sigma_rate": 0.1}, {"sigma_rate": 0.1}), "not explained"),
        ("sigma_rate", 0.1, 0.12, ({"delta_time": 3.0}, {}), "the spread of draws"),
        ("sigma_rate", 0.1, 0.3, ({"delta_time": 3.0}, {}), "not explained"),
        ("mag_rate", None, 2.0, ({"delta_time": 3.0}, {"delta_time": 3.0}), "of either sign"),
        ("mag_rate", None, 2.0, ({"delta_time": 3.0}, {}), "not explained"),
        ("finkclass", "SN candidate", None, ({}, {}), "no class for this alert"),
        ("finkclass", "SN candidate", "Ambiguous", ({"mulens": 0.3}, {"mulens": 0.0}), "calls it microlensing"),
        ("finkclass", "SN candidate", "Ambiguous", ({"mulens": 0.0}, {"mulens": 0.0}), "not explained"),
        ("mulens", 0.0, 0.4, ({}, {}), "more of what brightens"),
        ("mulens", 0.4, 0.0, ({}, {}), "not explained"),
        ("vsx", "Unknown", "YSO", ({}, {}), "older or smaller"),
        ("vsx", "EW", "Unknown", ({}, {}), "not explained"),
        ("vsx", "EW", "M", ({}, {}), "not explained"),
        ("x4lac", "4FGL J0001", None, ({}, {}), "one alert of the batch only"),
        ("rf_kn_vs_nonkn", 0.0, 0.8, ({"cdsxmatch": "Unknown"}, {}), "another forest"),
        ("rf_kn_vs_nonkn", 0.8, 0.0, ({"cdsxmatch": "Unknown"}, {}), "not explained"),
        ("rf_kn_vs_nonkn", None, 0.8, ({"cdsxmatch": "Unknown"}, FEW_IN_A_BAND), "fewer than three detections"),
        ("rf_kn_vs_nonkn", None, 0.8, ({"cdsxmatch": "Unknown"}, {"science_errors": []}), "not explained"),
        ("snn_sn_vs_all", 0.9, 0.0, ({"cdsxmatch": "Mira"}, {}), "not explained"),
        ("snn_sn_vs_all", 0.9, 0.7, ({"fink_science_version": "0.4.8"}, {}), "an older model"),
        ("nalerthist", 3.0, 4.0, ({}, {}), "not explained"),
    ],
)
def test_known_causes_are_named_and_no_other(
    column: str, ours: Any, theirs: Any, rows: tuple[dict[str, Any], dict[str, Any]], words: str
) -> None:
    """v0.1.0 explained every difference of a rate, of `mulens` and of `rf_kn_vs_nonkn`, whatever it was."""
    assert words in cause_of(column, ours, theirs, *rows)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.predicts)
def test_a_cause_predicts_and_so_refuses_something(cause: Cause) -> None:
    assert cause.predicts
    row = {"fink_science_version": "8.6", "cdsxmatch": "Mira", "delta_time": 1.0, "sigma_rate": 0.1}
    numbers = not (cause.covers("vsx") or cause.covers("x4lac"))
    pairs: tuple[tuple[Any, Any], ...] = (("EW", "M"), (None, "EW"), ("EW", None))
    if numbers:
        pairs = ((1.0, 9.0), (9.0, 1.0), (None, 1.0), (1.0, 0.0))
    assert not all(cause.explains(*pair, row, {"sigma_rate": 0.1}) for pair in pairs)
