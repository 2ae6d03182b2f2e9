"""Single alerts that v0.1.0 answered wrongly, asked of either release."""

import ctypes
import mmap
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fink_lib.config import Settings
from fink_lib.surveys import ZTF

Broker = Any
Packet = dict[str, Any]
NOW = {
    "jd": 10.0,
    "fid": 1,
    "magpsf": 18.5,
    "sigmapsf": 0.1,
    "isdiffpos": "t",
    "ra": 1.0,
    "dec": 2.0,
    "jdstarthist": 9.0,
}
# Where nobody tells how far the next reference source is there is no total magnitude; here it is far away.
ALONE = {"distnr": 30.0}
NAN, INF = float("nan"), float("inf")
NORESERVE = 0x4000  # of mmap(2): Linux promises no memory
RATES = ("mag_rate", "lower_rate", "upper_rate", "nalerthist")


def _alert(history: Sequence[Packet], **changes: Any) -> Packet:
    return {"candid": 1, "objectId": "ZTF20aaaaaaa", "candidate": {**NOW, **changes}, "prv_candidates": list(history)}


def _point(jd: float, mag: float | None, **changes: Any) -> Packet:
    return {**NOW, "jd": jd, "magpsf": mag, **changes}


def _science(broker: Broker, packet: Packet, *names: str) -> dict[str, Any]:
    table = broker.science_table([packet], broker.modules_of("ztf", names), ZTF, Settings().cache)
    return dict(table.to_pylist()[0])


def _rates(broker: Broker, *history: Packet, **changes: Any) -> list[Any]:
    row = _science(broker, _alert(history, **changes), "detections", "magnitude_rate")
    return [row[name] for name in RATES]


def own_point_repeated(broker: Broker, _folder: Path) -> Any:
    return _rates(broker, _point(9.0, 19.0), NOW)


def point_after_the_alert(broker: Broker, _folder: Path) -> Any:
    return _rates(broker, _point(9.0, 19.0), _point(11.0, 17.0))


def point_without_a_time(broker: Broker, _folder: Path) -> Any:
    return _rates(broker, _point(9.0, 19.0), _point(NAN, 17.0))


def infinite_magnitude(broker: Broker, _folder: Path) -> Any:
    return _rates(broker, _point(9.0, 19.0), magpsf=INF)[0]


def two_points_in_one_instant(broker: Broker, _folder: Path) -> Any:
    past = [_point(8.0, 18.6, **ALONE), _point(10.0 - 5e-9, 18.45, **ALONE)]
    return _science(broker, _alert(past, **ALONE), "light_curve_features")["lc_features_g"]["maximum_slope"]


def points_of_a_band_at_one_time(broker: Broker, _folder: Path) -> Any:
    past = [_point(10.0, 18.0 + at, dec=3.0 + at, **ALONE) for at in range(4)]
    row = _science(broker, _alert(past, **ALONE), "light_curve_features")
    found = row["lc_features_g"]
    return [found["maximum_slope"], found["linear_trend"], found["mean_variance"] is not None]


def module_returns_infinity(broker: Broker, _folder: Path) -> Any:
    module = _doing(broker, lambda: np.array([INF]))
    table = broker.science_table([_alert([])], [module], ZTF, Settings().cache)
    return [table["toy"][0].as_py(), dict(table["science_errors"][0].as_py() or ())]


def module_crashes(broker: Broker, _folder: Path) -> Any:
    return broker.end_of(_doing(broker, lambda: ctypes.string_at(0)), [_alert([])])


def module_never_gives_the_gil_back(broker: Broker, _folder: Path) -> Any:
    return broker.end_of(_doing(broker, lambda: re.match(r"(a+)+$", "a" * 60 + "b")), [_alert([])])


def module_asks_for_20_gb(broker: Broker, _folder: Path) -> Any:
    """Nothing is written to it, so that a release that lets it be had does this machine no harm."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE
    return broker.end_of(_doing(broker, lambda: mmap.mmap(-1, 20 << 30, flags=flags)), [_alert([])])


def _doing(broker: Broker, deed: Callable[[], Any]) -> Any:
    """Return a module that does something, and tells it as its own number."""

    def compute(batch: Any, _resource: Any) -> Any:
        done = deed()
        return {"toy": done if isinstance(done, np.ndarray) else np.ones(len(batch.alert_id))}

    return broker.Module(
        name="toy",
        version="1",
        meaning="A module for tests.",
        reference="none",
        surveys=("ztf",),
        cost=broker.Cost.CHEAP,
        outputs=(broker.Output("toy", pa.float64(), "", "A number."),),
        compute=compute,
    )


def negative_difference_in_the_report(broker: Broker, _folder: Path) -> Any:
    row = {**_alert([_point(9.0, 18.0, isdiffpos="t")], magpsf=18.0, isdiffpos="f"), "time": 10.0}
    curve = broker.light_curve(row, broker.inputs_of("ztf"), ZTF)
    above, below = (point[curve["kind"]] for point in curve["points"])
    return [curve["kind"], above == below, above == -below]
