"""Topics of an alert and why, folding, the night at a site, the sky, numbers over nights, filters, live topics."""

import datetime as dt
import io
import math
import re

import fastavro
import numpy as np
import pytest
from astropy.table import Table

from fink_lib.filters.base import Filter
from fink_lib.followup.sites import SITES
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import gold_published
from fink_lib.portal import live, more_pages
from fink_lib.portal.curves import Point
from fink_lib.portal.elsewhere import elsewhere
from fink_lib.portal.folding import folded, period_of
from fink_lib.portal.observability import tonight
from fink_lib.sky import sun_altitude_deg
from tests.builders.served_home import NIGHT, OPEN_NIGHT, ZTF
from tests.unit.portal.conftest import COUNT, Portal

SENT_AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
FILTER = "variable_stars"


@pytest.fixture(scope="module")
def sent(portal: Portal) -> int:
    """An alert that a filter sent."""
    alert_id = int(portal.packets[2]["candid"])
    spec = gold_published(ZTF.name)
    row = {"night": NIGHT, "alert_id": alert_id, "filter": FILTER, "filter_version": "0.9", "partition": 7,
           "topic": f"fink_{FILTER}_ztf", "offset": 4711, "publish_time": SENT_AT}  # fmt: skip
    append_rows(spec, portal.settings.lake, [{name: row.get(name) for name in spec.schema.names}])
    return alert_id


def test_an_alert_tells_its_topics_and_the_clauses_against_the_others(portal: Portal, sent: int) -> None:
    name = portal.packets[2]["objectId"]
    shown = " ".join(portal.page(f"/object/ztf/{name}?alert={sent}").text.split())
    assert re.search(rf"{FILTER} .*?sent fink_{FILTER}_ztf · 7 · 4711 ?, version 0.9", shown)


def test_a_clause_that_does_not_hold_is_named(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from fink_lib.filters.conditions import above, below

    mag = portal.packets[3]["candidate"]["magpsf"]
    clauses = below("candidate.magpsf", mag - 1), above("candidate.magpsf", mag - 2), below("prv_candidates.jd", 0.0)
    made = Filter(name="made_up", version="1", survey="ztf", clauses=clauses[:2], description="d", example="e",
                  owner="o", reference="r")  # fmt: skip
    lacking = Filter(name="lacking", version="1", survey="ztf", clauses=(above("not_there", 1.0),), description="d",
                     example="e", owner="o", reference="r")  # fmt: skip
    monkeypatch.setattr("fink_lib.portal.topics.filters_of", lambda _: (made, lacking))
    name, alert = portal.packets[3]["objectId"], portal.packets[3]["candid"]
    shown = portal.page(f"/object/ztf/{name}?alert={alert}").text
    assert clauses[0].name in shown
    assert clauses[1].name not in shown
    assert "reads not_there, which this lake has not" in shown


def test_folding_puts_a_period_apart_on_one_phase() -> None:
    points = [Point(100.0 + days, "r", "1", (mag, 0.1)) for days, mag in ((0.0, 15.0), (0.25, 16.0), (1.0, 15.1))]
    points.append(Point(100.5, "r", None, limit=19.0))
    phases = [(round(one.time, 9), one.difference[0]) for one in folded(points, 0.5)]
    assert phases == [(0.0, 15.0), (0.5, 16.0), (0.0, 15.1), (1.0, 15.0), (1.5, 16.0), (1.0, 15.1)]
    assert [period_of(one) for one in ("0.5", "0", "-1", "nan", "inf", "x", "", None)] == [0.5] + [None] * 7
    assert folded(points[-1:], 0.5) == []


def test_a_period_is_part_of_the_address(portal: Portal) -> None:
    name = portal.packets[1]["objectId"]
    assert "Folded difference magnitude" in portal.page(f"/object/ztf/{name}?period=0.5").text
    assert "Folded" not in portal.page(f"/object/ztf/{name}?period=none").text


def test_a_place_culminates_where_geometry_says() -> None:
    site = SITES["palomar"]
    night = tonight(255.0, 11.0, site, dt.date(2026, 6, 1))
    assert max(night.target) == pytest.approx(90.0 - abs(site.latitude_deg - 11.0), abs=0.2)
    unix = night.begin.timestamp() + np.array(night.hours) * 3600.0
    assert np.allclose(night.sun, sun_altitude_deg(unix, site), atol=0.1), "our own formula of the Sun"
    assert abs(night.begin - dt.datetime(2026, 6, 1, 19, 47, 27, tzinfo=dt.UTC)) < dt.timedelta(seconds=1)
    assert tonight(255.0, 11.0, site, dt.date(2026, 5, 30)).moon_lit > 0.995, "full Moon: 2026-05-31, 8:45 UT"
    assert tonight(255.0, -80.0, site, dt.date(2026, 6, 1)).dark_hours == 0.0


def test_the_page_of_a_site(portal: Portal) -> None:
    shown = portal.page("/observability?ra=255&dec=11&site=Maunakea&date=2026-06-01")
    assert "Altitude at Maunakea, 2026-06-01" in shown.text
    assert len([one for one in shown.all("path") if "line" in str(one.get("class"))]) == 3
    own = portal.page("/observability?ra=255&dec=11&lat=19.8238&lon=-155.469&date=2026-06-01")
    assert "Altitude at +19.824 -155.469, 2026-06-01" in own.text
    curves = [[one.get("d") for one in page.all("path") if "line" in str(one.get("class"))] for page in (shown, own)]
    assert curves[0][2] == curves[1][2], "the Sun stands as at Maunakea"
    for wrong in ("ra=255", "ra=255&dec=100", "ra=x&dec=1", "ra=255&dec=11&date=yesterday", "ra=255&dec=11&lat=5",
                  "ra=255&dec=11&lat=95&lon=0", "ra=255&dec=11&lat=a&lon=b"):  # fmt: skip
        portal.page(f"/observability?{wrong}", 400)


@pytest.mark.parametrize(
    ("ra", "dec", "x", "y"),
    [
        (0.0, 0.0, 0.5, 0.5),
        (180.0, 0.0, 1.0, 0.5),
        (90.0, 0.0, 0.25, 0.5),
        (270.0, 0.0, 0.75, 0.5),
        (45.0, 90.0, 0.5, 0.0),
    ],
)
def test_the_map_of_the_sky(ra: float, dec: float, x: float, y: float) -> None:
    """Corners of Mollweide's ellipse, twice as wide as it is high."""
    half = min(more_pages.WIDTH / 4, more_pages.HEIGHT / 2) - 6
    at = more_pages._mollweide(ra, dec)
    wanted = more_pages.WIDTH / 2 + (x - 0.5) * 4 * half, more_pages.HEIGHT / 2 + (y - 0.5) * 2 * half
    assert at == pytest.approx(wanted, abs=1e-6)


def test_equal_areas_stay_equal() -> None:
    """Half of the northern sky lies below 30 degrees (sin 30 = 1/2); so it does on the map."""
    heights = [more_pages.HEIGHT / 2 - more_pages._mollweide(0.0, dec)[1] for dec in (30.0, 90.0)]
    t = math.asin(heights[0] / heights[1])
    assert (2 * t + math.sin(2 * t)) / math.pi == pytest.approx(0.5, abs=1e-9)


def test_the_sky_of_a_night_has_all_its_public_alerts(portal: Portal) -> None:
    assert f"{COUNT} alerts in" in portal.page(f"/sky/ztf/{NIGHT}").text
    assert "1 alerts in" in portal.page(f"/sky/ztf/{OPEN_NIGHT}").text
    for wrong in ("2001-01-01", "today"):
        portal.page(f"/sky/ztf/{wrong}", 404)


def test_numbers_over_nights_count_what_is_public(portal: Portal) -> None:
    shown = portal.page("/statistics")
    assert f"{COUNT + 1} alerts of 2 nights" in shown.text
    assert {one["aria-label"] for one in shown.all("a") if one.get("aria-label")} >= {f"{NIGHT}: {COUNT} alerts"}


def test_filters_are_told_with_their_clauses(portal: Portal) -> None:
    shown = portal.page("/filters").text
    assert f"fink_{FILTER}_ztf" in shown
    assert "candidate.ndethist" in shown or "finkclass" in shown


def test_a_restricted_topic_is_for_those_with_the_right(
    portal: Portal, sent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("more_pages", "live", "pages"):
        monkeypatch.setattr(f"fink_lib.portal.{module}.restricted_topics", lambda _: frozenset({f"fink_{FILTER}_ztf"}))
    assert f"fink_{FILTER}_ztf" not in portal.page("/filters").text
    portal.page(f"/live?filter={FILTER}", 404)
    portal.page(f"/live/events?filter={FILTER}", 404)
    shown = portal.page(f"/object/ztf/{portal.packets[2]['objectId']}?alert={sent}")
    assert f"fink_{FILTER}_ztf" not in shown.text
    assert not any(str(one["href"]).endswith(f"#{FILTER}") for one in shown.all("a"))


def test_a_topic_is_watched(portal: Portal, sent: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(sent) in portal.page(f"/live?filter={FILTER}").text
    monkeypatch.setattr(live, "LONGEST_S", live.LOOK_S)  # one look
    monkeypatch.setattr(live.asyncio, "sleep", _at_once)
    told = portal.http.get(f"/live/events?filter={FILTER}")
    assert told.headers["content-type"].startswith("text/event-stream")
    assert f'"alert_id": "{sent}"' in told.text
    again = portal.http.get(f"/live/events?filter={FILTER}", headers={"Last-Event-ID": SENT_AT.isoformat()})
    assert str(sent) not in again.text
    portal.page("/live/events?filter=none", 404)
    portal.page(f"/live/events?filter={FILTER}&after=x", 400)


async def _at_once(_: float) -> None:
    return None


def test_a_moving_object_has_a_page(portal: Portal) -> None:
    known = [one for one in portal.packets if one["candidate"]["ssnamenr"] not in {None, "null"}]
    name = known[0]["candidate"]["ssnamenr"]
    own = [one for one in known if one["candidate"]["ssnamenr"] == name]
    shown = portal.page(f"/moving/ztf/{name}").text
    assert all(str(one["candid"]) in shown for one in own)
    for wrong in ("1999 XX999", "'", "null%00"):
        portal.page(f"/moving/ztf/{wrong}", 404)


def test_a_packet_is_the_one_that_arrived(portal: Portal) -> None:
    packet = portal.packets[1]
    answer = portal.http.get("/api/v1/packet", params={"alert": packet["candid"]})
    (read,) = fastavro.reader(io.BytesIO(answer.content))
    assert {name: read["candidate"][name] for name in packet["candidate"]} == packet["candidate"]
    assert read["cutoutScience"] == packet["cutoutScience"]
    assert portal.http.get("/api/v1/packet", params={"alert": portal.private["candid"]}).status_code == 404


def test_rows_are_a_table_of_fits(portal: Portal) -> None:
    asked = {"objectId": portal.packets[1]["objectId"], "columns": "i:candid,i:magpsf,d:vsx", "output-format": "fits"}
    answer = portal.http.get("/api/v1/sources", params=asked)
    table = Table.read(io.BytesIO(answer.content), format="fits")
    assert portal.packets[1]["candid"] in table["i:candid"].tolist()
    assert table.colnames == ["i:candid", "i:magpsf", "d:vsx"]


def test_links_name_the_object_and_the_place() -> None:
    made = elsewhere({"Broker": "https://broker.example/{object}"}, "a/b?", 10.5, -20.25)
    assert made["Broker"] == "https://broker.example/a%2Fb%3F"
    assert "Coord=10.500000%20-20.250000" in made["SIMBAD"]
