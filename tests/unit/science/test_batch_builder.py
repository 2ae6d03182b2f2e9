"""A batch from Arrow columns: histories joined with the current point, in time order."""

import numpy as np
import pytest

from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.batch_builder import Wanted, batch_of_packets
from fink_lib.surveys import get_survey
from fink_lib.surveys.inputs import BANDS, inputs_of

WANT = Wanted(
    scalars=("ra", "object_id", "band"), histories=("band", "is_positive", "mag", "time"), stamps=("science",)
)


def packet(candid: int, history: object, **now: object) -> dict[str, object]:
    current = {"jd": 10.0, "fid": 1, "magpsf": 18.5, "isdiffpos": "t", "ra": 1.0, **now}
    return {"candid": candid, "objectId": "ZTF", "candidate": current, "prv_candidates": history}


def point(jd: float, mag: float | None = 17.0, fid: int = 2, sign: str | None = "f") -> dict[str, object]:
    return {"jd": jd, "magpsf": mag, "fid": fid, "isdiffpos": sign}


def formed(*packets: dict[str, object]) -> AlertBatch:
    return batch_of_packets(packets, WANT, inputs_of("ztf"), get_survey("ztf"))


def test_history_and_current_point_are_joined() -> None:
    batch = formed(
        packet(1, [point(8.0), point(9.0, mag=None)]),
        packet(2, None),
        packet(3, []),
        packet(2**61 + 1, [point(9.5, sign="1")], isdiffpos=None, magpsf=None),
    )
    assert batch.alert_id.tolist() == [1, 2, 3, 2**61 + 1]
    assert batch.offsets.tolist() == [0, 3, 4, 5, 7]
    assert batch.histories["time"].tolist() == [8.0, 9.0, 10.0, 10.0, 10.0, 9.5, 10.0]
    np.testing.assert_array_equal(batch.histories["mag"], [17.0, np.nan, 18.5, 18.5, 18.5, 17.0, np.nan])
    np.testing.assert_array_equal(batch.histories["is_positive"], [0, 0, 1, 1, 1, 1, np.nan])
    assert [BANDS[code] for code in batch.histories["band"]] == ["r", "r", "g", "g", "g", "r", "g"]


def test_a_history_out_of_order_is_put_in_order() -> None:
    batch = formed(packet(1, [point(9.0, mag=2.0), point(8.0, mag=1.0), point(10.0, mag=3.0)]), packet(2, [point(9.0)]))
    assert batch.history("mag").of(0).tolist() == [1.0, 2.0, 3.0, 18.5]
    assert batch.history("time").of(1).tolist() == [9.0, 10.0]


def test_points_that_are_null_as_a_whole_are_left_out() -> None:
    batch = formed(packet(1, [None, point(8.0), None]), packet(2, [None]))
    assert batch.history("time").of(0).tolist() == [8.0, 10.0]
    assert batch.history("time").of(1).tolist() == [10.0]


def test_scalars_and_stamps_keep_null() -> None:
    batch = formed({**packet(1, None, ra=None, fid=9), "objectId": None, "cutoutScience": {"stampData": b"x"}})
    assert np.isnan(batch.scalars["ra"]).all()
    assert batch.scalars["object_id"].tolist() == [None]
    assert batch.scalars["band"].tolist() == [-1]
    assert batch.stamps["science"].tolist() == [b"x"]


def test_taking_rows_keeps_each_history_whole() -> None:
    batch = formed(packet(1, [point(8.0)]), packet(2, None), packet(3, [point(7.0), point(9.0)]))
    taken = batch.take(np.array([2, 0]))
    assert taken.alert_id.tolist() == [3, 1]
    assert taken.history("time").of(0).tolist() == [7.0, 9.0, 10.0]
    assert taken.history("time").of(1).tolist() == [8.0, 10.0]
    assert taken.history("time").count(taken.histories["time"] > 8.5).tolist() == [2, 1]
    assert taken.history("time").owners.tolist() == [0, 0, 0, 1, 1]


def test_rubin_feeds_the_same_names() -> None:
    history = [{"midpointMjdTai": 60000.0, "band": "z", "psfFlux": 5.0}]
    alert = {
        "diaSource": {
            "diaSourceId": 3,
            "midpointMjdTai": 60001.0,
            "band": "u",
            "psfFlux": 7.0,
            "ra": 4.0,
            "dec": 5.0,
        },
        "prvDiaSources": history,
    }
    want = Wanted(scalars=("ra",), histories=("band", "flux", "time"), stamps=())
    batch = batch_of_packets([alert], want, inputs_of("lsst"), get_survey("lsst"))
    assert batch.alert_id.tolist() == [3]
    assert [BANDS[code] for code in batch.histories["band"]] == ["z", "u"]
    assert batch.histories["flux"].tolist() == [5.0, 7.0]
    assert batch.scalars["ra"] == pytest.approx([4.0])


def test_an_alert_without_an_identity_is_in_no_batch() -> None:
    with pytest.raises(ValueError, match="1 of 2 alerts have no alert_id: leave them out of the batch"):
        formed(packet(1, None), {**packet(2, None), "candid": None})
