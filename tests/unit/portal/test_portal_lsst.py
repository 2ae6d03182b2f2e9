"""The same pages for Rubin's alerts: magnitudes out of fluxes, ids with every digit, and both surveys in one portal."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.lake.small import append_rows
from fink_lib.portal.app import add_pages
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import Survey
from tests.builders.served_home import ZTF
from tests.unit.api.test_api_lsst import FIRST_ALERT, LSST, MJD, OBJECT, row


@pytest.fixture
def http(settings: Settings) -> Iterator[TestClient]:
    spec = silver_spec(LSST)
    rows = [row(number, OBJECT) for number in range(4)]
    append_rows(spec, settings.lake, [{name: one.get(name) for name in spec.schema.names} for one in rows])
    lake = Lake(settings, [ZTF, LSST])
    app = make_app(lake)
    add_pages(app, lake)
    with TestClient(app) as client:
        yield client


def test_an_alert_of_rubin_is_found_by_its_id_and_drawn(http: TestClient) -> None:
    page = http.get("/search", params={"q": str(FIRST_ALERT + 2)})
    assert page.url.path == f"/object/lsst/{OBJECT}"
    assert page.text.count('class="point band-') == 4
    assert "23.90 ± 0.01" in page.text, "31.4 - 2.5 log10(1000)"
    assert f'id="cutouts-of">{FIRST_ALERT + 2}<' in page.text
    assert str(OBJECT) in http.get("/cone?survey=lsst&ra=10&dec=-5&radius=2").text


def test_a_survey_without_alerts_has_pages(http: TestClient) -> None:
    for address in ("/", "/nights", "/schema?survey=ztf", "/class?survey=ztf&name=x", "/cone?ra=1&dec=1&radius=9"):
        assert http.get(address).status_code == 200, address
    assert http.get("/search?q=ZTF21acoshvy").status_code == 404


MOVING, LOST = FIRST_ALERT + 50, FIRST_ALERT + 51
BEFORE = {"midpointMjdTai": MJD - 3.0, "band": "r", "psfFlux": 500.0, "psfFluxErr": 10.0, "scienceFlux": 2000.0}


def add(settings: Settings, one: dict[str, Any]) -> None:
    spec = silver_spec(LSST)
    append_rows(spec, settings.lake, [{name: one.get(name) for name in spec.schema.names}])


def test_packets_tell_what_was_seen_before_and_what_was_not(http: TestClient, settings: Settings) -> None:
    """Earlier detections, and forced photometry: below five sigma a limit, beside a detection nothing."""
    forced = [
        {**BEFORE, "psfFlux": 490.0},
        {**BEFORE, "midpointMjdTai": MJD - 4.0, "psfFlux": 49.0},  # limit: 5 x 10 nJy is 27.15 mag
        {**BEFORE, "midpointMjdTai": MJD - 5.0, "psfFlux": -900.0},
        {**BEFORE, "midpointMjdTai": MJD - 6.0, "band": "i", "psfFlux": 100.0},  # seen, though in no alert
        {**BEFORE, "midpointMjdTai": MJD - 7.0, "psfFlux": None},
        {**BEFORE, "midpointMjdTai": MJD + 0.05},  # of the newest alert itself
    ]
    row_of_object = row(5, OBJECT)
    history = [
        BEFORE,
        {**BEFORE, "midpointMjdTai": MJD - 2.0, "psfFlux": -500.0},
        *(row(n, OBJECT)["diaSource"] for n in range(4)),
    ]
    add(settings, {**row_of_object, "prvDiaSources": history, "prvDiaForcedSources": forced})
    text = http.get(f"/object/lsst/{OBJECT}").text
    difference, total = text.split("<figcaption>")[1:3]
    assert difference.count('class="point band-') == 5
    assert difference.count('class="point history') == total.count('class="point history') == 3
    assert difference.count('class="limit') == 2
    assert difference.count("r fainter than 27.153 mag") == 2
    assert f"r 24.653 ± 0.022 mag at {MJD - 3.0:.5f}, out of the packet" in difference
    assert f"at {MJD - 2.0:.5f}, fainter than the template, out of the packet" in difference
    assert f"i 26.400 ± 0.109 mag at {MJD - 6.0:.5f}, out of the packet" in difference
    assert total.count("r 23.147 mag at") == 2
    assert "days since MJD (TAI)" in difference
    assert "five times the error of forced photometry" in text


def test_numbers_of_a_packet_that_are_none_are_no_points(http: TestClient, settings: Settings) -> None:
    nan = float("nan")
    forced = [
        {**BEFORE, "midpointMjdTai": MJD - 4.0, "psfFlux": nan},
        {**BEFORE, "midpointMjdTai": MJD - 5.0, "psfFluxErr": nan},
        {**BEFORE, "midpointMjdTai": nan},
    ]
    history = [{**BEFORE, "midpointMjdTai": MJD - 6.0, "psfFlux": nan}, {**BEFORE, "midpointMjdTai": nan}]
    add(settings, {**row(5, OBJECT), "prvDiaSources": history, "prvDiaForcedSources": forced})
    page = http.get(f"/object/lsst/{OBJECT}")
    assert page.status_code == 200
    assert "out of the packet" not in page.text
    assert "nan" not in page.text.lower().replace("provenance", "")


def test_alerts_of_moving_objects_and_of_none_are_found_by_their_ids(http: TestClient, settings: Settings) -> None:
    for alert_id, name in ((MOVING, "SSO21163611661088578"), (LOST, None)):
        one = row(0, 0)
        one["diaSource"] |= {"diaSourceId": alert_id, "diaObjectId": 0}
        add(settings, {**one, "alert_id": alert_id, "object_id": name, "diaObject": None})
    page = http.get("/search", params={"q": str(MOVING)})
    assert (page.status_code, page.url.path) == (200, "/object/lsst/SSO21163611661088578")
    page = http.get("/search", params={"q": str(LOST)})
    assert (page.status_code, page.url.path) == (200, "/cone")
    assert dict(page.url.params) == {"survey": "lsst", "ra": "10.0000000", "dec": "-5.0000000", "radius": "5"}


@pytest.mark.parametrize("survey", [ZTF, LSST], ids=["ztf", "lsst"])
def test_what_is_served_is_what_silver_has(survey: Survey) -> None:
    """A name that no module writes would leave classes null on every page and in every answer."""
    silver = silver_spec(survey).schema
    assert set(survey.served.science) <= set(silver.names)
    assert survey.served.class_column in silver.names
    written = silver.field(survey.inputs.current).type
    assert [name for name in survey.served.kept if written.get_field_index(name) < 0] == []


def test_the_class_of_rubin_is_its_label(http: TestClient, settings: Settings) -> None:
    add(settings, {**row(6, OBJECT), "label": "SN candidate"})
    assert (
        '<dd><a href="/class?survey=lsst&amp;name=SN+candidate">SN candidate</a></dd>'
        in http.get(f"/object/lsst/{OBJECT}").text
    )
    assert http.get("/search?q=sn+candidate").url.path == "/class"
