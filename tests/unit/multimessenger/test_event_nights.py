"""Nights beside events: what is matched, what notices that come later change, and what the tables say of it."""

import base64
import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy_healpix import HEALPix
from deltalake import write_deltalake
from typer.testing import CliRunner

from fink_lib import lake as reading
from fink_lib.cli.main import build_app
from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError, FinkError
from fink_lib.multimessenger.parsing import parse
from fink_lib.multimessenger.playing import redated
from fink_lib.multimessenger.region import CredibleRegion
from fink_lib.multimessenger.skymap import read_skymap
from fink_lib.multimessenger.store import Notice, keep
from fink_lib.nightly import events
from fink_lib.nightly.job import NightContext
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import ZTF, get_survey
from tests.unit.multimessenger.fake_topics import FakeTopics

NIGHT = dt.date(2023, 10, 18)
MIDNIGHT_JD = 2460235.5  # 2023-10-18T00:00 UTC
HOUR = 1.0 / 24.0
NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
GOOD = {"rb": 0.9, "isdiffpos": "t", "ssdistnr": -999.0, "distpsnr1": 30.0, "sgscore1": 0.9, "neargaiabright": 60.0}


def alert(number: int, ra: float, dec: float, *, at: float, first: float, **changes: Any) -> dict[str, Any]:
    """One alert, its times in hours after the midnight that the night begins with."""
    night = NIGHT + dt.timedelta(days=int(at // 24))
    return {
        "night": night,
        "alert_id": number,
        "object_id": f"ZTF23{number}",
        "time": MIDNIGHT_JD + at * HOUR,
        "ra": ra,
        "dec": dec,
        "candidate": GOOD | {"jdstarthist": MIDNIGHT_JD + first * HOUR} | changes,
    }


def write_silver(lake: Path, alerts: list[dict[str, Any]]) -> None:
    spec = silver_spec(ZTF)
    rows = pa.Table.from_pylist(alerts, schema=spec.plain_schema)
    write_deltalake(str(spec.path(lake)), rows, partition_by=list(spec.partitioned_by), mode="append")


def swift(number: int, ra: float, dec: float, *, hour: float, radius: float = 0.05, test: str = "false") -> bytes:
    moment = dt.datetime.combine(NIGHT, dt.time(), dt.UTC) + dt.timedelta(hours=hour)
    stamp = moment.isoformat().removesuffix("+00:00")
    return (
        f'<VOEvent ivorn="ivo://nasa.gsfc.gcn/SWIFT#BAT_GRB_Pos_{number}-1" role="observation"><Who>'
        f'<Date>{stamp}</Date></Who><What><Param name="TrigID" value="{number}"/>'
        f'<Param name="Test_Submission" value="{test}"/></What>'
        f"<ISOTime>{stamp}</ISOTime><C1>{ra}</C1><C2>{dec}</C2><Error2Radius>{radius}</Error2Radius></VOEvent>"
    ).encode()


def kept(lake: Path, *contents: bytes) -> None:
    keep(lake, [Notice(one, NOW) for one in contents])


def closed(settings: Settings, night: dt.date = NIGHT) -> dict[str, Any]:
    outcome = events.run(NightContext(settings, get_survey("ztf"), night, "run-1"))
    assert outcome.failure is None
    return dict(outcome.result)


def matches(lake: Path, night: dt.date = NIGHT) -> list[dict[str, Any]]:
    rows = reading.read("gold", "ztf", "event_matches", night=night, lake=lake).to_pylist()
    return sorted(rows, key=lambda row: (row["event_id"], row["alert_id"]))


@pytest.fixture(autouse=True)
def without_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "collect", lambda _settings: Counter())
    FakeTopics(monkeypatch)


INSIDE = {"ra": 10.0, "dec": 20.01}
ALERTS = [
    alert(1, **INSIDE, at=5.0, first=4.0),
    alert(2, 10.0, 20.2, at=5.0, first=4.0),  # outside of the circle
    alert(3, **INSIDE, at=5.0, first=2.5),  # seen before the trigger
    alert(4, **INSIDE, at=5.0, first=-24 * 300),  # long known
    alert(5, **INSIDE, at=5.0, first=4.0, rb=0.6),
    alert(6, **INSIDE, at=5.0, first=4.0, isdiffpos="f"),
    alert(7, **INSIDE, at=5.0, first=4.0, ssdistnr=2.0),
    alert(8, **INSIDE, at=5.0, first=4.0, distpsnr1=1.0),
    alert(9, **INSIDE, at=5.0, first=4.0, distpsnr1=1.0, sgscore1=0.1),  # a galaxy
    alert(10, **INSIDE, at=5.0, first=4.0, neargaiabright=1.0),
    {**alert(11, **INSIDE, at=6.0, first=4.0), "object_id": "ZTF231"},  # object 1 once more
]
FLARE = {
    "$schema": "https://gcn.nasa.gov/schema/main/gcn/notices/maxi/gsc.known.schema.json",
    "id": "1",
    "ra": 10,
    "dec": 20,
    "ra_dec_error": 5,
    "trigger_time": "2023-10-18T01:00:00Z",
    "event_name": "Sco X-1",
}


@pytest.fixture
def searched(settings: Settings) -> dict[str, Any]:
    """What the closing of a night says of six events, two of which may be searched for."""
    write_silver(settings.lake, ALERTS)
    kept(
        settings.lake,
        swift(1, 10.0, 20.0, hour=3.0),
        swift(2, 10.0, 20.0, hour=3.0, test="true"),
        swift(3, 10.0, 20.0, hour=-24.0 * 9),  # longer ago than a counterpart is looked for
        swift(4, 10.0, 20.0, hour=4.5),  # after all of them were first seen
        swift(5, 10.0, 20.0, hour=3.0, radius=0.0),
        json.dumps(FLARE).encode(),
    )
    return closed(settings)


def test_which_alerts_match(settings: Settings, searched: dict[str, Any]) -> None:
    rows = matches(settings.lake)
    assert [(row["event_id"], row["alert_id"], row["object_id"]) for row in rows] == [
        ("swift:1", 1, "ZTF231"),
        ("swift:1", 9, "ZTF239"),
    ]
    first_seen = dt.datetime(2023, 10, 18, 4, 0, tzinfo=dt.UTC)
    assert abs(rows[0]["first_seen"] - first_seen) < dt.timedelta(milliseconds=1)  # of a Julian date
    assert rows[0]["rank"] == pytest.approx(1 - 0.1 ** ((0.01 / 0.05) ** 2), rel=0.01)  # 0.05 deg hold 90 %
    assert rows[0]["chance"] == pytest.approx(-np.expm1(-rows[0]["as_good"]))
    assert 0.0 < rows[0]["chance"] <= rows[0]["chance_night"] * (1.0 + 1e-12)  # swift:4 can have no match: no trial
    assert closed(settings)["best"] == searched["best"]
    assert matches(settings.lake) == rows


def test_which_events_are_searched_for(searched: dict[str, Any]) -> None:
    told = {row["event_id"]: row["not_searched"] for row in searched["events"]}
    assert told == {
        "swift:1": "",
        "swift:4": "",
        "swift:5": "no notice at hand gives a region of the sky",
        "maxi:1": "a flare of a source that was known before: Sco X-1",
    }
    assert (searched["searched"], searched["trials"], searched["matches"]) == (2, 2, 2)


def test_a_notice_after_the_alerts_looks_back(settings: Settings) -> None:
    lake, later = settings.lake, NIGHT + dt.timedelta(days=3)
    write_silver(lake, [alert(1, 10.0, 20.0, at=5.0, first=4.0), alert(2, 50.0, 20.0, at=77.0, first=76.0)])
    assert closed(settings)["events"] == []
    kept(lake, swift(1, 10.0, 20.0, hour=3.0))
    result = closed(settings, later)
    assert result["looked_back"] == [{"night": "2023-10-18", "came": ["swift:1"], "changed": [], "retracted": []}]
    assert [row["alert_id"] for row in matches(lake)] == [1]
    assert matches(lake, later) == []
    assert closed(settings, later)["looked_back"] == []


@pytest.fixture
def superevent(shared_data: Path) -> list[bytes]:
    """INITIAL, UPDATE and RETRACTION of one superevent, derived from the alerts at hand, at 03:00 of the night."""
    folder = shared_data / "gcn"
    initial = json.loads(
        redated(
            (folder / "voevent_finkmm" / "lvk__initial.txt").read_bytes(), dt.datetime(2023, 10, 18, 3, tzinfo=dt.UTC)
        )
    )
    other = json.loads((folder / "voevent_finkmm" / "lvk__test.txt").read_bytes())["event"]["skymap"]
    update = initial | {"alert_type": "UPDATE", "time_created": "2023-10-18T12:00:00Z"}
    update["event"] = initial["event"] | {"skymap": other}
    gone = json.loads((folder / "skyportal" / "igwn_gwalert_retraction.json").read_bytes())
    gone |= {"superevent_id": initial["superevent_id"], "time_created": "2023-10-20T00:00:00Z"}
    return [json.dumps(one).encode() for one in (initial, update, gone)]


def best_place(content: bytes) -> tuple[float, float]:
    event = parse(content).event
    assert event is not None
    skymap = read_skymap(event.where.skymap or b"")
    best = int(np.argmax(skymap.probability / skymap.area_sr))
    ra, dec = HEALPix(2 ** int(skymap.order[best]), order="nested").healpix_to_lonlat(int(skymap.pixel[best]))
    return float(ra.deg), float(dec.deg)


def test_initial_update_and_retraction_of_a_superevent(
    settings: Settings, superevent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = settings.lake
    first, second = best_place(superevent[0]), best_place(superevent[1])
    host = {"mangrove_lum_dist_mpc": 278.0}  # DISTMEAN of the first map
    alerts = [alert(1, *first, at=5.0, first=4.0) | host, alert(2, *second, at=5.0, first=4.0)]
    write_silver(lake, alerts)
    said = []
    for content in superevent:
        kept(lake, content)
        result = closed(settings)
        said.append([(row["alert_id"], row["retracted"]) for row in matches(lake)])
        assert len(result["events"]) == 1
        if len(said) == 1:
            (row,) = matches(lake)
            assert row["host_mpc"] == 278.0
            assert row["nearer"] == pytest.approx(0.5, abs=0.35)
            assert row["rank"] < 0.01
    assert said == [[(1, False)], [(2, False)], [(2, True)]]
    assert (result["matches"], result["trials"], result["best"]) == (0, 0, [])
    # In any order of arrival, the end is the same
    others = Settings(home=settings.home.parent / "other")
    write_silver(others.lake, alerts)
    kept(others.lake, *superevent[::-1])
    closed(others)
    assert matches(others.lake) == matches(lake)
    monkeypatch.setenv("FINK_HOME", str(settings.home))
    done = CliRunner().invoke(build_app(["gcn"]), ["gcn", "match", "2023-10-18", "--json"])
    (told,) = json.loads(done.stdout)
    assert (told["event_id"], told["alert_id"], told["stands"]) == ("lvk:S230518h", 2, "retracted")


def test_the_region_of_the_fixture_is_what_its_map_says(superevent: list[bytes]) -> None:
    content = json.loads(superevent[0])["event"]["skymap"]
    region = CredibleRegion(read_skymap(base64.b64decode(content)))
    ra, dec = best_place(superevent[0])
    assert region.ranks(np.array([ra, (ra + 180.0) % 360.0]), np.array([dec, -dec]))[1] == np.inf
    assert 100.0 < region.area_deg2 < 5000.0


@pytest.mark.parametrize("error", [BrokerError("no Kafka answers"), ConfigError("no regular expression")])
def test_without_kafka_what_is_known_is_matched_and_the_step_fails(
    error: FinkError, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_settings: Settings) -> Counter[str]:
        raise error

    monkeypatch.setattr(events, "collect", refuse)
    write_silver(settings.lake, [alert(1, 10.0, 20.0, at=5.0, first=4.0)])
    kept(settings.lake, swift(1, 10.0, 20.0, hour=3.0))
    outcome = events.run(NightContext(settings, get_survey("ztf"), NIGHT, "run-1"))
    assert outcome.failure is error
    assert outcome.result["matches"] == 1


@pytest.mark.parametrize("survey", ["ztf", "lsst", "winter"])
def test_a_lake_without_silver_has_no_match(survey: str, settings: Settings) -> None:
    kept(settings.lake, swift(1, 10.0, 20.0, hour=3.0))
    outcome = events.run(NightContext(settings, get_survey(survey), NIGHT, "run-1"))
    assert (outcome.result["matches"], outcome.result["looked_back"]) == (0, [])


def test_a_survey_that_tells_of_no_new_sources_is_not_searched(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    winter = get_survey("winter")
    spec = silver_spec(winter)
    row = {"night": NIGHT, "alert_id": 1, "object_id": "W1", "time": MIDNIGHT_JD, "ra": 10.0, "dec": 20.0}
    rows = pa.Table.from_pylist([row], schema=spec.plain_schema)
    write_deltalake(str(spec.path(settings.lake)), rows, partition_by=list(spec.partitioned_by))
    kept(settings.lake, swift(1, 10.0, 20.0, hour=3.0))
    outcome = events.run(NightContext(settings, winter, NIGHT + dt.timedelta(days=3), "run-1"))
    assert outcome.result["looked_back"] == []  # and not "matched again" at each closing
    monkeypatch.setenv("FINK_HOME", str(settings.home))
    with pytest.raises(ConfigError, match=r"winter 2023-10-18: its alerts do not say which sources are new"):
        gcn("match", "2023-10-18", "--survey", "winter")
    with pytest.raises(ConfigError, match=r"the lake has no ztf alerts of the night 2023-10-18: `fink night list`"):
        gcn("match", "2023-10-18")


def test_what_a_notice_says_cannot_command_the_terminal(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINK_HOME", str(settings.home))
    notice = tmp_path / "notice.json"
    notice.write_text(json.dumps({"superevent_id": "S1", "alert_type": "\x1b[31mred"}))
    shown = gcn("play", str(notice), "--direct")
    assert "a GW alert of type '\\x1b[31mred'" in shown


def gcn(*words: str) -> str:
    done = CliRunner().invoke(build_app(["gcn"]), ["gcn", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output
