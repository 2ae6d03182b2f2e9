"""Coverage against mocpy's own of the same places."""

from pathlib import Path

import httpx
import pytest
from astropy import units as u
from mocpy import MOC
from vo_server import Served

from tests.builders.served_home import NIGHT, OPEN_NIGHT, ZTF


@pytest.mark.parametrize(("night", "count"), [(str(NIGHT), 40), (str(OPEN_NIGHT), 5), ("", 45)])
def test_it_covers_the_places_of_public_alerts(served: Served, tmp_path: Path, night: str, count: int) -> None:
    seen = [one["candidate"] for one in served.public if night in {"", str(ZTF.night.night_of(one["candidate"]["jd"]))}]
    assert len(seen) == count
    expected = MOC.from_lonlat([one["ra"] for one in seen] * u.deg, [one["dec"] for one in seen] * u.deg, max_norder=8)
    asked = {"night": night} if night else {}
    url = f"{served.url}/moc/ztf"
    (tmp_path / "moc.fits").write_bytes(httpx.get(url, params=asked).content)
    assert MOC.from_fits(tmp_path / "moc.fits") == expected
    assert MOC.from_string(httpx.get(url, params=asked | {"format": "json"}).text, "json") == expected
    assert MOC.from_string(httpx.get(url, params=asked | {"format": "ascii"}).text, "ascii") == expected


def test_a_night_without_alerts_covers_nothing(served: Served) -> None:
    answer = httpx.get(f"{served.url}/moc/ztf", params={"night": "2020-01-01", "format": "json", "order": 3})
    assert MOC.from_string(answer.text, "json").empty()


@pytest.mark.parametrize("asked", [{"format": "gif"}, {"order": 13}, {"order": "x"}, {"night": "yesterday"}])
def test_what_is_wrong_is_told(served: Served, asked: dict[str, object]) -> None:
    assert httpx.get(f"{served.url}/moc/ztf", params=asked).status_code == 400
