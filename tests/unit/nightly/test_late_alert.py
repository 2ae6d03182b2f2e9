"""An alert that arrives after its night was closed reopens that night, which closes again as another version."""

import datetime as dt

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from fink_lib.nightly import manifest
from fink_lib.nightly.closed import NightsLedger
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.results import Step, read_result, write_result
from fink_lib.streams.drain import nights_to_close
from fink_lib.testing.nights import NIGHT

DAY = NIGHT.isoformat()


def arrive(context: NightContext, rows: int) -> None:
    """Let alerts of the night come into bronze, as ingest appends them."""
    table = pa.table({"night": pa.array([NIGHT] * rows), "alert_id": pa.array(range(rows), pa.int64())})
    path = context.settings.lake / "bronze_ztf__alerts"
    write_deltalake(path, table, mode="append", partition_by=["night"])


def close(context: NightContext, bronze: int, hour: int) -> dict[str, object]:
    """Close the night with what bronze holds now."""
    facts = read_result(context.folder, Step.RECONCILE, context.run_id)
    assert facts is not None
    counts = {**facts["counts"], "bronze": bronze, "offered": bronze + 2}
    rows = {"bronze": bronze, "quarantine": 0}
    write_result(context.folder, Step.RECONCILE, context.run_id, {**facts, "counts": counts, "partition_rows": rows})
    at = dt.datetime(2021, 11, 23, hour, tzinfo=dt.UTC)
    return perform(context, Step.MANIFEST, lambda night: manifest.run(night, lambda: at))


def test_a_late_alert_reopens_its_night_and_both_versions_stay(good_results: NightContext) -> None:
    settings = good_results.settings
    arrive(good_results, 318)
    assert list(nights_to_close(settings, "ztf")) == [DAY]
    assert close(good_results, 318, 7)["version"] == 1
    assert nights_to_close(settings, "ztf") == {}

    arrive(good_results, 1)
    assert str(nights_to_close(settings, "ztf")[DAY]) == "319+0"
    assert close(good_results, 319, 9)["version"] == 2
    assert nights_to_close(settings, "ztf") == {}

    told = [(one["version"], one["bronze"]) for one in NightsLedger(settings.lake).versions("ztf", NIGHT)]
    assert told == [(1, 318), (2, 319)]
    rows = DeltaTable(str(settings.lake / "gold__nights")).to_pyarrow_table(columns=["version", "bronze"]).to_pylist()
    assert sorted((row["version"], row["bronze"]) for row in rows) == [(1, 318), (2, 319)]
    for version in (1, 2):
        assert (good_results.folder / f"manifest.v{version}.json").exists()
