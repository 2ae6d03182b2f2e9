"""Tracklets from packets: only what may move is linked, night by night, and the command writes them."""

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from fink_lib.cli.science_tracklets import tracklets as command
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.offline.tracklets import night_tracklets
from fink_lib.science.methods.moving_objects import Moving
from fink_lib.surveys import get_survey

NIGHT = dt.date(2021, 11, 22)
JD = 2459540.75
RATE_DEG_PER_DAY = 0.25
CACHE = Settings().cache


def packet(number: int, minutes: float, **changes: Any) -> dict[str, Any]:
    """Return an alert of an asteroid that moves north, seen for the first time."""
    days = minutes / 1440.0
    candidate = {
        "jd": JD + days, "ra": 40.0, "dec": 10.0 + RATE_DEG_PER_DAY * days, "fid": 1, "magpsf": 19.0, "ndethist": 1,
        "distpsnr1": 20.0, "sgscore1": 0.5, "ssdistnr": -999.0,
    }  # fmt: skip
    return {
        "candid": number,
        "objectId": f"ZTF21aaaaaa{'abcdef'[number % 6]}",
        "candidate": candidate | changes,
        "prv_candidates": None,
    }


PACKETS = [
    *(packet(number, 30.0 * number) for number in range(3)),
    packet(3, 1440.0),  # the next night
    packet(4, 20.0, ra=80.0),  # far away
    # Known to the Minor Planet Center: no tracklet needed.
    *(packet(10 + number, 30.0 * number, ra=120.0, ssdistnr=0.5) for number in range(3)),
    # On a star.
    *(packet(20 + number, 30.0 * number, ra=200.0, distpsnr1=0.2) for number in range(3)),
]


def test_only_what_may_move_is_linked_and_no_night_with_another() -> None:
    found = night_tracklets(PACKETS, get_survey("ztf"), CACHE)
    assert list(found) == [NIGHT, NIGHT + dt.timedelta(days=1)]
    count, moving = found[NIGHT]
    members = moving.links
    assert (count, moving.glints) == (4, [])
    assert [(one.alert_id, one.members, one.band) for one in members] == [(0, 3, "g"), (1, 3, "g"), (2, 3, "g")]
    assert {one.tracklet for one in members} == {"LINK_20211122_060000_00"}
    assert members[0].rate_deg_per_day == pytest.approx(RATE_DEG_PER_DAY, rel=1e-6)
    assert found[NIGHT + dt.timedelta(days=1)] == (1, Moving([], []))
    backwards = night_tracklets(PACKETS[::-1], get_survey("ztf"), CACHE)
    assert backwards == found


def test_a_survey_that_does_not_say_what_may_move_is_refused() -> None:
    with pytest.raises(ConfigError, match="lsst"):
        night_tracklets([], get_survey("lsst"), CACHE)


def test_the_command_prints_and_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_deltalake(str(tmp_path / "bronze"), pa.Table.from_pylist(PACKETS))
    command(str(tmp_path / "bronze"), out=tmp_path / "t.parquet")
    said = capsys.readouterr().out
    assert "2021-11-22: 0 tracklets of 0 and 1 links of 3 among 4 alerts that may move" in said
    rows = pq.read_table(tmp_path / "t.parquet").to_pylist()
    assert [row["alert_id"] for row in rows] == [0, 1, 2]
    assert {row["night"] for row in rows} == {NIGHT}
    assert np.allclose([row["rate_deg_per_day"] for row in rows], RATE_DEG_PER_DAY)
