"""Cutouts over HTTP: the packet's own stamps, as FITS, as numbers and as pictures."""

import gzip
import io

import numpy as np
import pytest
from astropy.io import fits

from fink_lib.api.http.cutouts import stretched
from fink_lib.api.http.parameters import Cutout
from tests.unit.api.conftest import Home

KINDS = ["Science", "Template", "Difference"]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("kind", KINDS)
def test_fits_is_that_of_the_packet(home: Home, kind: str) -> None:
    for packet in (home.closed[2], home.live[2]):
        asked = {"candid": str(packet["candid"]), "kind": kind, "output-format": "FITS"}
        answer = home.http.get("/api/v1/cutouts", params=asked)
        assert answer.content == gzip.decompress(packet[f"cutout{kind}"]["stampData"])
        assert answer.headers["Content-Type"] == "application/fits"


@pytest.mark.filterwarnings("ignore:Found a SIMPLE card")  # as ZTF writes it
def test_arrays_are_the_pixels(home: Home) -> None:
    packet = home.closed[2]
    facts = home.get("cutouts", candid=packet["candid"], kind="All", **{"output-format": "array"})
    assert set(facts) == {f"b:cutout{kind}_stampData" for kind in KINDS}
    for kind in KINDS:
        with fits.open(io.BytesIO(gzip.decompress(packet[f"cutout{kind}"]["stampData"]))) as file:
            expected = np.asarray(file[0].data, dtype=np.float64)
        found = np.array(facts[f"b:cutout{kind}_stampData"], dtype=np.float64)
        np.testing.assert_array_equal(found, expected)


def test_an_object_shows_its_newest_alert(home: Home) -> None:
    packet = home.live[0]
    asked = {"kind": "Science", "output-format": "FITS"}
    newest = home.http.get("/api/v1/cutouts", params={**asked, "objectId": packet["objectId"]})
    assert newest.content == home.http.get("/api/v1/cutouts", params={**asked, "candid": packet["candid"]}).content


@pytest.mark.parametrize("stretch", ["sigmoid", "linear", "sqrt", "power", "log", "asinh"])
def test_a_picture_has_a_stretch_and_cuts(home: Home, stretch: str) -> None:
    asked = {"candid": home.closed[2]["candid"], "kind": "Science"}
    plain = home.http.get("/api/v1/cutouts", params=asked)
    shown = home.http.get("/api/v1/cutouts", params={**asked, "stretch": stretch, "pmin": 20, "pmax": 80})
    assert plain.content[:8] == shown.content[:8] == PNG
    assert shown.content != plain.content
    values = stretched(np.arange(100.0).reshape(10, 10), Cutout(kind="Science", stretch=stretch, pmin=0, pmax=100))
    assert (np.diff(values.ravel()) > 0).all(), "brighter stays brighter"
    assert 0.0 <= values.min() < values.max() <= 1.0


def test_colours(home: Home) -> None:
    asked = {"candid": home.closed[2]["candid"], "kind": "Science", "colormap": "viridis"}
    assert home.http.get("/api/v1/cutouts", params=asked).content[:8] == PNG
    wrong = home.http.get("/api/v1/cutouts", params={**asked, "colormap": "nothing"})
    assert wrong.json()["error"]["parameter"] == "colormap"
