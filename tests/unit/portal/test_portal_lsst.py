"""The same pages for Rubin's alerts: magnitudes out of fluxes, ids with every digit, and both surveys in one portal."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.lake.small import append_rows
from fink_lib.portal.app import add_pages
from fink_lib.science.framework.silver import silver_spec
from tests.builders.served_home import ZTF
from tests.unit.api.test_api_lsst import FIRST_ALERT, LSST, OBJECT, row


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
