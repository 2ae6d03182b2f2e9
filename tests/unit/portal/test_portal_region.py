"""Objects within a MOC or the sky map of an event: every one that lies there, and no other."""

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pytest
from astropy import units as u
from astropy_healpix import HEALPix

from fink_lib.api.http.errors import Refused
from fink_lib.multimessenger.skymap import SkyMap
from fink_lib.portal import region
from tests.builders.served_home import NIGHT
from tests.unit.portal.conftest import Parsed, Portal

ORDER = 6
GRID = HEALPix(2**ORDER, order="nested")


def cells_of(portal: Portal) -> dict[str, int]:
    """Return the cell of each public object."""
    found = {}
    for packet in portal.packets:
        place = packet["candidate"]
        found[packet["objectId"]] = int(GRID.lonlat_to_healpix(place["ra"] * u.deg, place["dec"] * u.deg))
    return found


def names(page: Parsed) -> set[str]:
    links = (one["href"] or "" for one in page.all("a"))
    return {one.partition("?")[0].rpartition("/")[2] for one in links if one.startswith("/object/")}


def test_a_moc_holds_what_lies_in_it(portal: Portal) -> None:
    cells = cells_of(portal)
    chosen = sorted(set(cells.values()))[::3]
    inside = {name for name, cell in cells.items() if cell in chosen}
    moc = f"{ORDER}/{' '.join(map(str, chosen))}"
    assert 0 < len(inside) < min(len(cells), 50)
    page = portal.page(f"/region?moc={moc}&event=&startdate=")  # a form sends its empty fields too
    assert names(page) == inside
    assert names(portal.page(f"/region?moc={moc}&startdate={NIGHT + dt.timedelta(days=3)}")) == set()
    assert names(portal.page('/region?moc={"0":[0,1,2,3,4,5,6,7,8,9,10,11]}&page=2')), "the whole sky has two pages"


@pytest.mark.parametrize(("asked", "status", "said"), [
    ("", 400, "Give a MOC"), ("moc=8/1&event=S1", 400, "Give a MOC"), ("moc=x", 400, "MOC"),
    ("moc=2/999999", 400, "a cell that there is not"), ("event=S999999zz", 404, "S999999zz"),
    ("moc=8/1&level=2", 400, "no probability"), ("moc=8/1&nothing=1", 400, "nothing"),
    ("moc=8/1&page=0", 400, "is no page"),
])  # fmt: skip
def test_what_is_wrong_is_told(portal: Portal, asked: str, status: int, said: str) -> None:
    assert said in portal.page(f"/region?{asked}", status).text


def test_the_densest_pixels_of_a_map_are_searched(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A map of two pixels, the denser one smaller: 60 percent are within it alone, 95 within both."""
    cells = cells_of(portal)
    dense, wide = min(set(cells.values())), max({one >> 4 for one in cells.values()})
    skymap = SkyMap(np.array([ORDER, ORDER - 2]), np.array([dense, wide]), np.array([0.7, 0.3]))
    only, order = region.cells_of_map(skymap, 0.6)
    assert (only.tolist(), order) == ([dense], ORDER)
    both, order = region.cells_of_map(skymap, 0.95)
    assert order == ORDER
    assert set(both.tolist()) == {dense, *range(wide << 4, (wide + 1) << 4)}

    place = SimpleNamespace(ra_deg=10.0, dec_deg=20.0, semi_major_deg=0.5)
    notice = SimpleNamespace(notice_id="n", event=SimpleNamespace(where=place, event_id="S1"))
    monkeypatch.setattr(region, "read_told", lambda _lake: [notice])
    monkeypatch.setattr(region, "standing", lambda told: [SimpleNamespace(where=one, retracted=True) for one in told])
    monkeypatch.setattr(region, "skymap_of", lambda _lake, _name: b"map")
    monkeypatch.setattr(region, "read_skymap", lambda _content: skymap)
    page = portal.page("/region?event=S1&level=0.95")
    assert names(page) == {name for name, cell in cells.items() if cell in set(both.tolist())}
    assert "within 95% of the sky map of S1, which was retracted" in page.text
    monkeypatch.setattr(region, "skymap_of", lambda _lake, _name: None)
    answer = portal.http.get("/region?event=S1", follow_redirects=False)
    assert answer.headers["location"] == "/cone?ra=10.0&dec=20.0&radius=1800.0&survey=ztf"


def test_a_fine_part_is_told_in_coarser_cells() -> None:
    begins = np.arange(0, 2 * region.MOST_CELLS, 2, dtype=np.int64)  # every second cell of order 29
    cells, order = region.cells_within(begins, begins + 1, 29)
    assert order == 29
    more = np.arange(0, 4 * region.MOST_CELLS, 2, dtype=np.int64)
    cells, order = region.cells_within(more, more + 1, 29)
    assert order == 28
    assert len(cells) <= region.MOST_CELLS
    with pytest.raises(Refused, match="no probability"):
        region._level("1")
