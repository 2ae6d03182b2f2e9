"""Periods of objects out of silver: found over all nights, kept where nothing is new, told of an object."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from fink_lib.cli.object import _period
from fink_lib.config import PROJECT_DIR
from fink_lib.lake.small import append_rows, read_rows
from fink_lib.lake.tables import gold_objects, gold_periods
from fink_lib.objects.periods import book
from fink_lib.objects.periods.points import read_points
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import LSST, SURVEYS, ZTF, Survey

FIRST = dt.date(2026, 1, 1)
PERIOD = 0.6173


def seen(survey: Survey, number: int, name: str, *, period: float = PERIOD) -> dict[str, Any]:
    """Return an alert of a star that goes above and below its reference."""
    draw = np.random.default_rng(number)
    day = float(number) + draw.uniform(0.2, 0.45)
    flux = 3000.0 * np.sin(2 * np.pi * day / period) + draw.normal(0.0, 100.0)
    head = {"night": FIRST + dt.timedelta(days=number // 10 * 10), "alert_id": number, "object_id": name}
    head |= {"ra": 10.0, "dec": 5.0, "band": "gr"[number % 2], "time": day + 61_000.0}
    if survey is LSST:
        return {**head, "diaSource": {"psfFlux": flux, "psfFluxErr": 100.0}}
    candidate = {"magpsf": 31.4 - 2.5 * np.log10(abs(flux)), "sigmapsf": 1.0857 * 100.0 / abs(flux)}
    return {**head, "candidate": {**candidate, "isdiffpos": "t" if flux > 0 else "f"}}


def write(lake: Path, survey: Survey, rows: list[dict[str, Any]]) -> None:
    spec = silver_spec(survey)
    table = pa.Table.from_pylist(rows, schema=spec.plain_schema)
    write_deltalake(str(spec.path(lake)), table, partition_by=list(spec.partitioned_by), mode="append")


def star(lake: Path, survey: Survey, name: str, alerts: int, **more: Any) -> None:
    write(lake, survey, [seen(survey, number, name) for number in range(alerts)])
    append_rows(gold_objects(survey.name), lake, [{"object_id": name, "alerts": alerts, "may_move": False, **more}])


def periods(lake: Path) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["survey"], row["object_id"]): row for row in read_rows(gold_periods(), lake)}


@pytest.mark.parametrize("survey", [ZTF, LSST], ids=lambda survey: survey.name)
def test_signed_fluxes_of_all_nights_show_the_period(survey: Survey, tmp_path: Path) -> None:
    star(tmp_path, survey, "star", 60)
    assert book.rebuild(tmp_path, SURVEYS.values()) == Counter(searched=1)
    row = periods(tmp_path)[survey.name, "star"]
    assert row["period_days"] == pytest.approx(PERIOD, rel=0.01)
    assert (row["points"], row["bands"], row["alerts"]) == (60, 2, 60)
    assert row["false_alarm_probability"] < 1e-6
    fluxes = read_points(tmp_path, survey, ["star"])["flux_njy"].to_numpy()
    assert fluxes.min() < -2000.0 < 2000.0 < fluxes.max()


def test_what_gained_no_alert_is_kept_and_what_moves_or_is_seldom_seen_has_no_row(tmp_path: Path) -> None:
    star(tmp_path, ZTF, "star", 40)
    star(tmp_path, ZTF, "seldom", 19)
    star(tmp_path, ZTF, "rock", 30, may_move=True)
    assert book.rebuild(tmp_path, [ZTF]) == Counter(searched=1)
    before = periods(tmp_path)
    assert set(before) == {("ztf", "star")}
    assert book.rebuild(tmp_path, [ZTF]) == Counter(kept=1)
    assert periods(tmp_path) == before


def test_more_alerts_or_another_method_are_searched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    star(tmp_path, ZTF, "star", 40)
    book.rebuild(tmp_path, [ZTF])
    monkeypatch.setattr(book, "METHOD", "9")
    assert book.rebuild(tmp_path, [ZTF]) == Counter(searched=1)
    assert periods(tmp_path)["ztf", "star"]["method"] == "9"


def test_points_without_a_flux_count_as_none(tmp_path: Path) -> None:
    rows = [seen(ZTF, number, "star") for number in range(25)]
    for row in rows[:10]:
        row["candidate"]["magpsf"] = None
    write(tmp_path, ZTF, rows)
    append_rows(gold_objects("ztf"), tmp_path, [{"object_id": "star", "alerts": 25, "may_move": False}])
    assert book.rebuild(tmp_path, [ZTF]) == Counter({"too few points": 1})
    assert periods(tmp_path) == {}


def test_an_asteroid_that_passes_is_no_point_of_the_star(tmp_path: Path) -> None:
    rows = [seen(ZTF, number, "star") for number in range(41)]
    rows[40]["roid"] = 3
    rows[40]["candidate"] |= {"ssnamenr": "1234", "magpsf": 14.0}
    write(tmp_path, ZTF, rows)
    append_rows(gold_objects("ztf"), tmp_path, [{"object_id": "star", "alerts": 40, "may_move": False}])
    assert book.rebuild(tmp_path, [ZTF]) == Counter(searched=1)
    row = periods(tmp_path)["ztf", "star"]
    assert (row["points"], row["alerts"]) == (40, 40)
    assert row["period_days"] == pytest.approx(PERIOD, rel=0.01)


@pytest.mark.parametrize("change", [{"time": None}, {"time": float("nan")}, {"band": None}])
def test_a_point_without_time_or_band_spoils_no_others(tmp_path: Path, change: dict[str, Any]) -> None:
    rows = [seen(ZTF, number, "star") for number in range(41)]
    rows[7] |= change
    write(tmp_path, ZTF, rows)
    append_rows(gold_objects("ztf"), tmp_path, [{"object_id": "star", "alerts": 41, "may_move": False}])
    book.rebuild(tmp_path, [ZTF])
    assert periods(tmp_path)["ztf", "star"]["points"] == 40


def test_no_door_that_others_use_leads_to_periods() -> None:
    """They are made of all programmes' alerts: whoever may see public ones alone must not see them."""
    doors = ("api", "client", "community", "distribute", "followup", "portal", "served", "transfer", "user_jobs", "vo")
    files = [path for door in doors for path in (PROJECT_DIR / "fink_lib" / door).rglob("*") if path.is_file()]
    assert {path.relative_to(PROJECT_DIR / "fink_lib").parts[0] for path in files} == set(doors)
    names = (b"gold_periods", b"gold__periods", b"objects.periods", b"objects.view")
    assert [str(path) for path in files if path.suffix != ".pyc" for name in names if name in path.read_bytes()] == []


def test_objects_are_read_in_passes_of_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        star(tmp_path, ZTF, name, 25)
    book.rebuild(tmp_path, [ZTF])
    whole = periods(tmp_path)
    monkeypatch.setattr(book, "ALERTS_OF_PASS", 30)
    monkeypatch.setattr(book, "METHOD", "9")
    book.rebuild(tmp_path, [ZTF])
    assert {key: row | {"method": "9"} for key, row in whole.items()} == periods(tmp_path)


def test_an_empty_lake_gets_no_table(tmp_path: Path) -> None:
    assert book.rebuild(tmp_path, SURVEYS.values()) == Counter()
    assert not gold_periods().path(tmp_path).exists()


def test_an_object_tells_its_period_and_what_speaks_against_it() -> None:
    row = {"period_days": 0.5, "points": 30, "power": 0.9, "false_alarm_probability": 1e-5, "rival_period_days": 1.0}
    plain = _period({**row, "is_day_alias": False, "is_ambiguous": False})
    assert plain == "period: 0.5 d of 30 points, power 0.90, probability of a false alarm 1.0e-05"
    doubted = _period({**row, "is_day_alias": True, "is_ambiguous": True})
    assert doubted == f"{plain}; perhaps made by observing by night or by a trend; perhaps as good at 1 d"
