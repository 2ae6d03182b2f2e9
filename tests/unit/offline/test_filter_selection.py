"""Filters over files: the columns as in the stream, the counts, and the reason why."""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from fink_lib.cli.filters import app
from fink_lib.compare_fink.parity import id_column
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.filters.base import Clause, Filter
from fink_lib.filters.conditions import above, equals
from fink_lib.filters.evaluate import evaluate
from fink_lib.filters.registry import active_filters, filters_of, inputs_of
from fink_lib.offline.alerts import Science, alert_tables, batch_of
from fink_lib.offline.packets import packets_of
from fink_lib.offline.run import Given
from fink_lib.offline.selection import select, why
from fink_lib.science.framework.registry import modules_of
from fink_lib.surveys import get_survey

ZTF = get_survey("ztf")


def fussy(batch: Any) -> Any:
    if (batch["mag"] < 0).any():
        raise ValueError("no magnitude")
    return batch["mag"] < 18


def a_filter(name: str, *clauses: Clause) -> Filter:
    return Filter(name, "1.0", "ztf", clauses, "For a test.", "To see it.", "tests", "none")


BRIGHT = a_filter("bright", Clause("mag < 18", ("mag",), fussy), equals("roid", 3))
TABLE = pa.table({"alert_id": [1, 2, 3, 4, 5], "mag": [17.0, 19.0, -1.0, 17.0, None], "roid": [3, 3, 3, 0, 0]})


def test_every_clause_is_counted_and_so_is_what_it_alone_keeps_back() -> None:
    count, (bright, other) = select([TABLE, TABLE.slice(0, 0)], [BRIGHT, a_filter("other", above("no_such", 1))])
    told = bright.as_dict()
    assert (count, told["selected"], told["alert_ids"]) == (5, 1, [1])
    assert told["clauses"] == {"mag < 18": {"holds": 2, "alone": 1}, "roid = 3": {"holds": 3, "alone": 1}}
    assert told["failed"] == {3: "ValueError: no magnitude"}
    assert (other.missing, other.alert_ids) == (("no_such",), [])


def test_the_reason_why_is_told_of_one_alert() -> None:
    assert why([TABLE], BRIGHT, 4) == {"mag < 18": (True, ""), "roid = 3": (False, "")}
    assert why([TABLE], BRIGHT, 3)["mag < 18"] == (False, "ValueError: no magnitude")
    with pytest.raises(ConfigError, match="alert 9 is not there"):
        why([TABLE], BRIGHT, 9)
    with pytest.raises(ConfigError, match="reads no_such"):
        why([TABLE], a_filter("other", above("no_such", 1)), 1)


def test_columns_are_those_of_packet_and_science(real_alerts: Path) -> None:
    packets = list(islice(packets_of(real_alerts / "ztf" / "ztf_2025_packets.tar.gz", ZTF), 3))
    ids = [packet["candid"] for packet in packets]
    features = pa.array([{"mean": 1.0}, None, {"mean": 3.0}])
    science = pa.table({"alert_id": ids[::-1], "roid": [3, 2, 1], "lc_features_r": features})
    paths = ["objectId", "candidate.magpsf", "prv_candidates.jd", "roid", "lc_features_r.mean", "cdsxmatch", "nothing"]
    given = Given({"cdsxmatch": {ids[0]: "Galaxy"}})
    (table,) = alert_tables(packets, paths, ZTF, Science((), Path(), science, given))
    assert table.column_names == ["alert_id", *paths[:-1]]
    assert table["objectId"].to_pylist() == [packet["objectId"] for packet in packets]
    assert table["candidate.magpsf"].type == pa.float32()
    assert table["prv_candidates.jd"].to_pylist() == [
        None if packet["prv_candidates"] is None else [past["jd"] for past in packet["prv_candidates"]]
        for packet in packets
    ]
    assert table["roid"].to_pylist() == [1, 2, 3]
    assert table["lc_features_r.mean"].to_pylist() == [3.0, None, 1.0]
    assert table["cdsxmatch"].to_pylist() == ["Galaxy", None, None]
    with pytest.raises(ConfigError, match="does not hold alert"):
        list(alert_tables(packets, paths, ZTF, Science((), Path(), science.slice(0, 1), given)))


def test_all_filters_judge_real_alerts_and_their_reasons_agree_with_their_answers(real_alerts: Path) -> None:
    filters = filters_of("ztf")
    published = pq.read_table(real_alerts / "fink_outputs" / "ztf_2025.parquet")
    ids = published[id_column(published)].to_pylist()
    labels = dict(zip(ids, published["cdsxmatch"].to_pylist(), strict=True))
    science = Science(modules_of("ztf"), Settings().cache, given=Given({"cdsxmatch": labels}))
    packets = packets_of(real_alerts / "ztf" / "ztf_2025_packets.tar.gz", ZTF)
    (table,) = alert_tables(packets, inputs_of(filters), ZTF, science)
    assert active_filters(filters, table.column_names) == filters
    told = evaluate(filters, batch_of(table), table.num_rows)
    count, found = select([table], filters)
    assert told.failures == [failure for one in found for failure in one.failed] == []
    for one in found:
        rows = [row for row, names in enumerate(told.names) if one.filter.name in names]
        assert one.alert_ids == [table["alert_id"][row].as_py() for row in rows]
    assert count == 55
    assert sum(bool(one.alert_ids) for one in found) >= 5


def test_the_command_lists_shows_runs_and_explains(tmp_path: Path) -> None:
    results, report = tmp_path / "science.parquet", tmp_path / "filters.json"
    pq.write_table(pa.table({"alert_id": [7, 8], "roid": pa.array([3, 2], pa.int32())}), results)
    shell = CliRunner()
    assert "fink_most_likely_sn_lsst" in shell.invoke(app, ["list", "--survey", "lsst"], env={"COLUMNS": "300"}).output
    shown = shell.invoke(app, ["show", "sn_candidates"]).output
    assert "topic: fink_sn_candidates_ztf" in shown
    assert "reads candidate.jdstarthist (double, JD (UTC); from packet)" in shown
    assert "reads roid (int32, no unit; from solar_system)" in shown
    ran = shell.invoke(app, ["run", str(results), "--json", str(report)], env={"COLUMNS": "200"})
    assert ran.exit_code == 0, ran.output
    told = json.loads(report.read_text())
    assert told["alerts"] == 2
    assert told["filters"]["sso_ztf_candidates"]["alert_ids"] == [7]
    assert told["filters"]["sn_candidates"]["missing"] != []
    assert "2 alerts, 3 of 23 filters ran" in ran.output
    reason = shell.invoke(app, ["explain", str(results), "sso_ztf_candidates", "8"]).output
    assert reason == "no  roid = 3\n8 is not selected by sso_ztf_candidates\n"


def test_what_cannot_be_run_is_told_in_one_sentence(tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"roid": [1]}), other)
    shell = CliRunner()
    assert "unknown filter 'nothing' for ztf" in str(shell.invoke(app, ["show", "nothing"]).exception)
    assert "has no column 'alert_id'" in str(shell.invoke(app, ["run", str(other)]).exception)
    both = ["compare", "sample", "--science", str(other), "--outputs", str(other)]
    assert "give one of them" in str(shell.invoke(app, both).exception)
