"""Catalogues as versions: the same file changes nothing, a new one re-matches only where the sky changed."""

import datetime as dt
import json
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from fink_lib.catalogs import flips, load, nights
from fink_lib.catalogs.cells import CHANGE_ORDER, cells_of, covering_cells
from fink_lib.catalogs.job import sentences
from fink_lib.catalogs.join import Positions
from fink_lib.catalogs.load import load_catalog_table
from fink_lib.catalogs.nights import KEYS, MatchBook
from fink_lib.catalogs.refresh import refresh
from fink_lib.catalogs.sources import known_files
from fink_lib.catalogs.versions import catalog_versions, in_force
from fink_lib.cli.catalogs import overview
from fink_lib.config import Settings
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables.catalogs import gold_catalog, gold_crossmatch, gold_crossmatched
from fink_lib.lake.versions import Table, table_version
from fink_lib.nightly import crossmatch
from fink_lib.nightly.job import NightContext
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import NIGHT, silver_row
from tests.unit.catalogs.sky_tables import made_sky, near

ALERTS = 300
RA, DEC = made_sky(1200, seed=1)


@pytest.fixture
def lake(settings: Settings, tmp_path: Path) -> Settings:
    """300 alerts in silver, each beside a source of catalogue `stars`, whose file is in a folder."""
    folder = tmp_path / "files"
    folder.mkdir()
    ra, dec = near(RA[:ALERTS], DEC[:ALERTS], 1.0, seed=2)
    spec = night_specs(ZTF)[Table.SILVER]
    rows = [silver_row(row, ra=float(ra[row]), dec=float(dec[row])) for row in range(ALERTS)]
    kept = [{name: row[name] for name in KEYS} for row in rows]
    silver = pa.Table.from_pylist(kept, schema=spec.plain_schema)
    write_deltalake(str(spec.path(settings.lake)), silver, partition_by=list(spec.partitioned_by))
    return settings.model_copy(update={"catalogs": folder})


def write_stars(settings: Settings, drop: tuple[int, ...] = (), relabel: tuple[int, ...] = (), **told: float) -> None:
    labels = np.where(np.arange(len(RA)) % 2 == 0, "EW", "RRAB").astype(object)
    labels[list(relabel)] = "CV"
    keep = np.setdiff1d(np.arange(len(RA)), drop)
    columns = {"name": [f"S{row}" for row in keep], "ra": RA[keep], "dec": DEC[keep], "label": list(labels[keep])}
    assert settings.catalogs is not None
    pq.write_table(pa.table(columns), settings.catalogs / "stars.parquet")
    (settings.catalogs / "stars.json").write_text(json.dumps({"source_id": "name", "version": f"{len(drop)}", **told}))


def close(settings: Settings) -> dict[str, Any]:
    """Match the night as its closing does; no session is asked for."""
    context = NightContext(settings, ZTF, NIGHT, "run-1")
    outcome = crossmatch.run(context, lambda _: [])
    assert outcome.failure is None
    return outcome.result


def matches(settings: Settings) -> list[dict[str, Any]]:
    rows = read_rows(gold_crossmatch(ZTF.name), settings.lake)
    return sorted(rows, key=lambda row: row["alert_id"])


def alerts_of(settings: Settings) -> Positions:
    silver = night_specs(ZTF)[Table.SILVER].path(settings.lake)
    return Positions(DeltaTable(str(silver)).to_pyarrow_table(columns=list(KEYS)))


def rows_of(settings: Settings, version: int) -> int:
    path = gold_catalog("stars").path(settings.lake)
    return int(DeltaTable(str(path), version=version).to_pyarrow_dataset().count_rows())


def test_the_same_file_changes_nothing_and_a_new_one_tells_where_the_sky_changed(lake: Settings) -> None:
    write_stars(lake)
    first = load_catalog_table(lake, known_files(lake.catalogs)["stars"])
    assert (first.is_new, first.version.version, first.version.rows, first.version.changed_cells) == (
        True,
        1,
        1200,
        None,
    )
    (row,) = [row for row in overview(lake, dt.datetime.now(dt.UTC) + dt.timedelta(days=3)) if row["name"] == "stars"]
    assert (row["state"], row["rows"], row["age_days"], row["source_version"]) == ("loaded", 1200, 3.0, "0")
    again = load_catalog_table(lake, known_files(lake.catalogs)["stars"])
    assert (again.is_new, again.version) == (False, first.version)
    assert [one.version for one in catalog_versions(lake.lake)] == [1]
    write_stars(lake, drop=(900,), relabel=(1000,))
    (row,) = [row for row in overview(lake, dt.datetime.now(dt.UTC)) if row["name"] == "stars"]
    assert row["state"] == "newer file"
    second = load_catalog_table(lake, known_files(lake.catalogs)["stars"])
    changed = sorted(set(cells_of(RA[[900, 1000]], DEC[[900, 1000]], CHANGE_ORDER).tolist()))
    assert (second.version.version, second.version.changed_cells) == (2, changed)
    # The version before can still be read.
    assert rows_of(lake, first.version.delta_version) == 1200


def test_a_night_is_matched_and_a_new_version_flips_what_it_must(
    lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert close(lake)["catalogs"] == []
    write_stars(lake, drop=(3,))
    (first,) = refresh(lake, ["stars"])
    (past,) = first.nights  # a catalogue that is new reaches the nights that were closed without it
    rows = matches(lake)
    assert (past["alerts"], past["matches"], past["from_version"], past["gained"]) == (ALERTS, len(rows), None, 0)
    assert sentences(first)[1:] == [f"  ztf {NIGHT}: {ALERTS} alerts matched: {len(rows)} have a source"]
    (told,) = close(lake)["catalogs"]
    assert (told["alerts"], told["matches"]) == (ALERTS, len(rows))
    by_source = {row["source_id"]: row for row in rows}
    assert "S3" not in by_source
    assert by_source["S5"]["object_id"] == "ZTF21aaaaaaf"
    assert by_source["S5"]["separation_arcsec"] < 1.0
    close(lake)
    assert matches(lake) == rows  # closing again replaces the night

    write_stars(lake, drop=(4,), relabel=(100, 200))
    seen: list[int] = []
    monkeypatch.setattr(nights, "crossmatch", _counting(nights.crossmatch, seen))
    (refreshed,) = refresh(lake, ["stars"])
    monkeypatch.undo()
    (night,) = refreshed.nights
    flips = {(flip["kind"], flip["alert_id"] - 1_000_000) for flip in night["flipped"]}
    lost, gained = by_source["S4"]["alert_id"] - 1_000_000, 3
    assert {("lost", lost), ("gained", gained), ("changed", 100), ("changed", 200)} == flips
    assert (night["gained"], night["lost"], night["changed"], night["from_version"]) == (1, 1, 2, 1)
    expected = _touched(lake)
    assert seen == [expected] == [night["alerts"]]
    assert sentences(refreshed)[1].endswith(f"{expected} alerts matched again: 1 gained, 1 lost, 2 changed")
    assert 4 <= expected < ALERTS  # only the cells that changed were matched again
    after, noted = matches(lake), kept_rows(lake)
    for _ in range(2):
        (again,) = close(lake)["catalogs"]
        assert (again["lost"], again["changed"], len(again["flipped"])) == (1, 2, 4)  # what the version changed stands
    assert matches(lake) == after  # as if all of it had been matched
    assert {row["catalog_version"] for row in after} == {2}
    assert refresh(lake, ["stars"])[0].nights == []
    assert kept_rows(lake) == noted  # three runs leave what one leaves
    assert [(row["catalog_version"], row["from_version"], row["lost"]) for row in noted] == [(1, None, 0), (2, 1, 1)]


def kept_rows(settings: Settings) -> list[dict[str, Any]]:
    return sorted(read_rows(gold_crossmatched(ZTF.name), settings.lake), key=lambda row: row["catalog_version"])


def test_another_radius_tells_what_flips(lake: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    write_stars(lake)
    refresh(lake, ["stars"])
    before = {row["alert_id"]: row["separation_arcsec"] for row in matches(lake)}
    lost = sorted(alert for alert, separation in before.items() if separation > 0.3)
    assert 10 < len(lost) < len(before)
    write_stars(lake, radius_arcsec=0.3)
    monkeypatch.setattr(flips, "NAMED_AT_MOST", 10)
    (refreshed,) = refresh(lake, ["stars"])
    (night,) = refreshed.nights
    assert (night["from_version"], night["alerts"], night["matches"]) == (1, ALERTS, len(before) - len(lost))
    assert (night["gained"], night["lost"], night["changed"]) == (0, len(lost), 0)
    assert [flip["alert_id"] for flip in night["flipped"]] == lost[:10]  # examples; all of them are counted
    assert night["flipped"][0]["before"]["label"] in {"EW", "RRAB"}
    assert night["flipped"][0]["after"] is None


def _counting(real: Any, seen: list[int]) -> Any:
    def counted(positions: Positions, *arguments: Any, **options: Any) -> Any:
        seen.append(positions.rows.num_rows)
        return real(positions, *arguments, **options)

    return counted


def _touched(settings: Settings) -> int:
    """Alerts whose circle touches a cell that changed, counted here from the positions."""
    ra, dec = near(RA[:ALERTS], DEC[:ALERTS], 1.0, seed=2)
    owner, cell = covering_cells(ra, dec, 1.5, CHANGE_ORDER)
    return len(np.unique(owner[np.isin(cell, in_force(settings.lake, "stars").changed_cells)]))


def test_a_crash_before_the_version_is_noted_leaves_the_one_before_in_force(
    lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_stars(lake)
    file = known_files(lake.catalogs)["stars"]
    first = load_catalog_table(lake, file).version
    write_stars(lake, drop=(1, 2))
    with monkeypatch.context() as patch:
        patch.setattr(load, "record_version", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError, match="killed"):
            load_catalog_table(lake, known_files(lake.catalogs)["stars"])
    assert in_force(lake.lake, "stars") == first
    book = MatchBook(ZTF, lake.lake)
    assert rows_of(lake, first.delta_version) == 1200
    silver = alerts_of(lake)
    told = book.match_night(silver, first, NIGHT, "run-1")
    second = load_catalog_table(lake, known_files(lake.catalogs)["stars"]).version
    assert (second.version, second.rows) == (2, 1198)
    found = book.rematch_night(silver, second, NIGHT, "run-2")
    assert (found["lost"], found["matches"]) == (2, told["matches"] - 2)


def test_a_night_that_is_matched_twice_is_written_once(lake: Settings) -> None:
    write_stars(lake)
    load_catalog_table(lake, known_files(lake.catalogs)["stars"])
    tables = [spec.path(lake.lake) for spec in (gold_crossmatch(ZTF.name), gold_crossmatched(ZTF.name))]
    told = close(lake)["catalogs"]
    versions = [table_version(path) for path in tables]
    assert all(versions)
    assert close(lake)["catalogs"] == told
    assert [table_version(path) for path in tables] == versions


def test_two_that_match_a_night_at_once_leave_what_one_leaves(lake: Settings) -> None:
    write_stars(lake)
    (file,) = [one for name, one in known_files(lake.catalogs).items() if name == "stars"]
    version, told, start = load_catalog_table(lake, file).version, [], Barrier(4)

    def match() -> None:
        start.wait()
        told.append(MatchBook(ZTF, lake.lake).match_night(alerts_of(lake), version, NIGHT, "run-1"))

    both = [Thread(target=match) for _ in range(4)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(told) == 4
    rows = matches(lake)
    assert len({row["alert_id"] for row in rows}) == len(rows) == told[0]["matches"]
    assert len(kept_rows(lake)) == 1


def test_who_meets_another_writer_begins_with_what_that_one_left(
    lake: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night is matched anew in the middle of its re-match: neither is lost, and no alert is there twice."""
    write_stars(lake)
    refresh(lake, ["stars"])
    write_stars(lake, drop=(4,))
    version = load_catalog_table(lake, known_files(lake.catalogs)["stars"]).version
    book, real, met = MatchBook(ZTF, lake.lake), nights.pa.concat_tables, []

    def meeting(tables: list[pa.Table]) -> pa.Table:
        if not met:
            met.append(1)
            monkeypatch.setattr(nights.pa, "concat_tables", real)
            MatchBook(ZTF, lake.lake).match_night(alerts_of(lake), version, NIGHT, "run-1")
            monkeypatch.setattr(nights.pa, "concat_tables", meeting)
        return real(tables)

    monkeypatch.setattr(nights.pa, "concat_tables", meeting)
    book.rematch_night(alerts_of(lake), version, NIGHT, "run-2")
    monkeypatch.undo()
    rows = matches(lake)
    assert len({row["alert_id"] for row in rows}) == len(rows)
    assert {row["catalog_version"] for row in rows} == {2}
    assert "S4" not in {row["source_id"] for row in rows}


def test_two_that_load_a_file_at_once_load_it_once(lake: Settings) -> None:
    write_stars(lake)
    done = []
    both = [
        Thread(target=lambda: done.append(load_catalog_table(lake, known_files(lake.catalogs)["stars"])))
        for _ in range(3)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(one.is_new for one in done) == [False, False, True]
    assert len(catalog_versions(lake.lake, "stars")) == 1


def test_damaged_files_are_written_again_on_demand(lake: Settings) -> None:
    write_stars(lake)
    first = refresh(lake, ["stars"])[0].version
    for path in gold_catalog("stars").path(lake.lake).glob("*.parquet"):
        path.unlink()
    again = refresh(lake, ["stars"], again=True)[0]
    assert (again.is_new, again.version.version, again.version.changed_cells) == (True, 2, None)
    assert rows_of(lake, again.version.delta_version) == first.rows
    (night,) = again.nights
    assert (night["alerts"], night["gained"], night["lost"], night["changed"]) == (ALERTS, 0, 0, 0)
