"""Reading the lake from plain Python: the right rows and columns, and errors that say what there is."""

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake

from fink_lib import lake
from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.errors import ConfigError, LakeError
from tests.builders.lake_folder import lake_folder
from tests.builders.packet_rows import sample_packets
from tests.unit.lake.real_lake import write_silver

DAY = dt.date(2021, 11, 22)


@pytest.fixture
def planted(settings: Settings) -> Path:
    """Three nights of two alerts in two versions."""
    table = pa.table(
        {
            "night": pa.array([DAY + dt.timedelta(days=n // 2) for n in range(6)]),
            "alert_id": pa.array(range(6)),
            "candidate": pa.array([{"magpsf": 18.0 + n, "rb": 0.5} for n in range(6)]),
        }
    )
    path = str(lake_folder(settings) / "silver_ztf__alerts")
    write_deltalake(path, table.slice(0, 4), partition_by=["night"])
    write_deltalake(path, table.slice(4), mode="append")
    write_deltalake(str(lake_folder(settings) / "gold__nights"), pa.table({"survey": ["ztf"], "version": [1]}))
    return lake_folder(settings)


def ids(table: pa.Table) -> list[int]:
    return sorted(table["alert_id"].to_pylist())


def test_nights_columns_conditions_and_versions(planted: Path) -> None:
    assert ids(lake.read("silver", "ztf", lake=planted)) == [0, 1, 2, 3, 4, 5]
    assert ids(lake.read("silver", "ztf", night="2021-11-23", lake=planted)) == [2, 3]
    assert ids(lake.read("silver", "ztf", night=[DAY, "20211124"], lake=planted)) == [0, 1, 4, 5]
    assert ids(lake.read("silver", "ztf", version=0, lake=planted)) == [0, 1, 2, 3]
    bright = lake.read("silver", "ztf", night=DAY, where=pc.field("candidate", "magpsf") < 18.5, lake=planted)
    assert ids(bright) == [0]
    chosen = lake.read("silver", "ztf", columns=["candidate.magpsf", "alert_id"], night=DAY, lake=planted)
    assert chosen.column_names == ["candidate.magpsf", "alert_id"]
    assert sorted(chosen.to_pandas()["candidate.magpsf"]) == [18.0, 19.0]
    assert lake.read("gold", None, "nights", lake=str(planted)).to_pylist() == [{"survey": "ztf", "version": 1}]


def test_a_night_without_rows_is_an_empty_table(planted: Path) -> None:
    empty = lake.read("silver", "ztf", night="2030-01-01", columns=["alert_id"], lake=planted)
    assert (empty.num_rows, empty.column_names) == (0, ["alert_id"])


def test_only_the_files_of_the_night_are_opened(planted: Path) -> None:
    for file in DeltaTable(str(planted / "silver_ztf__alerts")).file_uris():
        if "night=2021-11-23" not in file:
            Path(file).unlink()
    assert ids(lake.read("silver", "ztf", night="2021-11-23", lake=planted)) == [2, 3]
    with pytest.raises(LakeError, match="has lost files"):
        lake.read("silver", "ztf", lake=planted)


def test_errors_say_what_there_is(planted: Path, tmp_path: Path) -> None:
    with pytest.raises(LakeError, match=r"no table silver_lsst__alerts .* it has gold__nights, silver_ztf__alerts"):
        lake.read("silver", "lsst", lake=planted)
    with pytest.raises(LakeError, match="is FINK_HOME right"):
        lake.read("silver", "ztf", lake=tmp_path / "nowhere")
    with pytest.raises(LakeError, match=r"no column 'alertid': did you mean alert_id\?"):
        lake.read("silver", "ztf", columns=["alertid"], lake=planted)
    with pytest.raises(LakeError, match="no column 'jd' in candidate: there are magpsf, rb"):
        lake.read("silver", "ztf", columns=["candidate.jd"], lake=planted)
    with pytest.raises(LakeError, match="has no version 7; the newest is 1"):
        lake.read("silver", "ztf", version=7, lake=planted)
    with pytest.raises(LakeError, match="has no nights; its columns are survey, version"):
        lake.read("gold", None, "nights", night=DAY, lake=planted)
    with pytest.raises(ConfigError, match="is not a night"):
        lake.read("silver", "ztf", night="yesterday", lake=planted)


def test_reading_loads_no_spark() -> None:
    program = (
        "import sys, fink_lib.lake; sys.exit(', '.join(n for n in sys.modules if n.split('.')[0] == 'pyspark') or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_real_alerts_come_back_with_their_science(settings: Settings) -> None:
    packets = sample_packets(40)
    write_silver(lake_folder(settings), packets, settings.cache)
    rows = lake.read(
        "silver", "ztf", columns=["alert_id", "object_id", "roid", "candidate.rb"], lake=lake_folder(settings)
    )
    found = {row["alert_id"]: row for row in rows.to_pylist()}
    for packet in packets:
        row = found[packet["candid"]]
        assert row["object_id"] == packet["objectId"]
        assert row["candidate.rb"] == pytest.approx(packet["candidate"]["rb"])
    assert len({row["roid"] for row in found.values()}) > 1


def test_the_notebook_runs(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    write_silver(lake_folder(settings), sample_packets(320), settings.cache)
    for name, value in {"FINK_HOME": str(settings.home), "PYTHONPATH": str(PROJECT_DIR)}.items():
        monkeypatch.setenv(name, value)
    path = PROJECT_DIR / "docs" / "notebooks" / "a_night.ipynb"
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = [out for cell in cells for out in cell.outputs]
    assert not [out for out in shown if out.output_type == "error"]
    text = "\n".join(str(out.get("data", {}).get("text/plain", out.get("text", ""))) for out in shown)
    assert "ZTF" in text
    assert any("image/png" in out.get("data", {}) for out in shown)
