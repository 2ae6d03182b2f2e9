"""Packets with input that is missing, damaged, or far larger or smaller than usual."""

import gzip
import io
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from astropy.io import fits
from PIL import Image

Packet = dict[str, Any]
Change = Callable[[Packet], Packet]

NAN = float("nan")
EDGE_PX = (63, 42)
LONG_POINTS = 1000


def jpeg() -> bytes:
    """Return a stamp as other brokers publish it: a picture."""
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((63, 63), dtype=np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def edge(*, packed: bool) -> bytes:
    """Return a stamp that the edge of the detector cut."""
    buffer = io.BytesIO()
    fits.PrimaryHDU(np.ones(EDGE_PX, dtype=np.float32)).writeto(buffer)
    return gzip.compress(buffer.getvalue()) if packed else buffer.getvalue()


def _ztf_now(change: Callable[[str, Any], Any]) -> Change:
    return lambda packet: {**packet, "candidate": {key: change(key, v) for key, v in packet["candidate"].items()}}


def _ztf_past(change: Callable[[str, Any], Any]) -> Change:
    def apply(packet: Packet) -> Packet:
        rows = [{key: change(key, value) for key, value in row.items()} for row in packet["prv_candidates"]]
        return {**packet, "prv_candidates": rows}

    return apply


def _ztf_stamps(content: bytes | None) -> Change:
    stamps = {f"cutout{kind}": {"fileName": "x", "stampData": content} for kind in ("Science", "Template")}
    return lambda packet: {**packet, **stamps}


def _ztf_points(count: int) -> Change:
    """Give an alert so many points: one every half day, g and r in turn."""

    def apply(packet: Packet) -> Packet:
        row = {key: value for key, value in packet["candidate"].items() if key in packet["prv_candidates"][0]}
        now, draw = packet["candidate"]["jd"], np.random.default_rng(1)
        past = [
            {**row, "jd": now - 0.5 * (count - 1 - place), "fid": 1 + place % 2, "magpsf": 18.0 + draw.normal()}
            for place in range(count - 1)
        ]
        return {**packet, "prv_candidates": past}

    return apply


def _rubin_now(change: Callable[[str, Any], Any]) -> Change:
    return lambda packet: {**packet, "diaSource": {key: change(key, v) for key, v in packet["diaSource"].items()}}


def _rubin_past(change: Callable[[str, Any], Any]) -> Change:
    def apply(packet: Packet) -> Packet:
        changed = {}
        for name in ("prvDiaSources", "prvDiaForcedSources"):
            changed[name] = [{key: change(key, value) for key, value in row.items()} for row in packet[name] or ()]
        return {**packet, **changed}

    return apply


def _rubin_points(count: int) -> Change:
    """Give an alert so many detections: one every half hour, all bands in turn."""

    def apply(packet: Packet) -> Packet:
        now, draw = packet["diaSource"], np.random.default_rng(1)
        past = [
            {
                **now,
                "midpointMjdTai": now["midpointMjdTai"] - (count - 1 - place) / 48.0,
                "band": "ugrizy"[place % 6],
                "psfFlux": 2000.0 + 300.0 * draw.normal(),
                "psfFluxErr": 300.0 + 10.0 * draw.random(),
            }
            for place in range(count - 1)
        ]
        return {**packet, "prvDiaSources": past, "prvDiaForcedSources": None}

    return apply


def _ztf_extra(make: Change) -> Change:
    """Give an alert a further history point, made of its own."""

    def apply(packet: Packet) -> Packet:
        row = {key: value for key, value in packet["candidate"].items() if key in packet["prv_candidates"][0]}
        return {**packet, "prv_candidates": [*packet["prv_candidates"], make(row)]}

    return apply


def _rubin_extra(make: Change) -> Change:
    return lambda packet: {**packet, "prvDiaSources": [*packet["prvDiaSources"], make(packet["diaSource"])]}


def _extra(make: Callable[[str, Any], Any]) -> Mapping[str, Change]:
    def change(row: Packet) -> Packet:
        return {key: make(key, value) for key, value in row.items()}

    return {"ztf": _ztf_extra(change), "lsst": _rubin_extra(change)}


def _later(key: str, value: Any) -> Any:
    return value + 0.01 if _is_nan_time(key) else value


def _without_time(key: str, value: Any) -> Any:
    return NAN if _is_nan_time(key) else value


def _is_nan_time(key: str) -> bool:
    return key in {"jd", "midpointMjdTai"}


def _nan(key: str, value: Any) -> Any:
    return NAN if isinstance(value, float) and not _is_nan_time(key) else value


def _nan_and_time(_key: str, value: Any) -> Any:
    return NAN if isinstance(value, float) else value


def _null(key: str, value: Any) -> Any:
    return None if isinstance(value, float | int) and not isinstance(value, bool) and not _keeps(key) else value


def _null_and_time(key: str, value: Any) -> Any:
    return None if isinstance(value, float) or _is_nan_time(key) else value


def _keeps(key: str) -> bool:
    return key in {"jd", "midpointMjdTai", "candid", "diaSourceId", "fid", "ra", "dec"}


def _infinite(key: str, value: Any) -> Any:
    return float("inf") if key in {"magpsf", "sigmapsf", "psfFlux", "psfFluxErr"} else value


def _rubin_stamps(content: bytes | None) -> Change:
    return lambda packet: {**packet, "cutoutScience": content, "cutoutTemplate": content}


def _no_history(value: Any) -> Mapping[str, Change]:
    return {
        "ztf": lambda packet: {**packet, "prv_candidates": value},
        "lsst": lambda packet: {**packet, "prvDiaSources": value, "prvDiaForcedSources": value},
    }


# Case → survey → what makes it of a sound packet.
BAD: Mapping[str, Mapping[str, Change]] = {
    "NaN for every number": {"ztf": _ztf_now(_nan), "lsst": _rubin_now(_nan)},
    "NaN for every number and the time": {"ztf": _ztf_now(_nan_and_time), "lsst": _rubin_now(_nan_and_time)},
    "null for every number but place, time and band": {"ztf": _ztf_now(_null), "lsst": _rubin_now(_null)},
    "infinite brightness": {"ztf": _ztf_now(_infinite), "lsst": _rubin_now(_infinite)},
    "null history": _no_history(None),
    "empty history": _no_history([]),
    "NaN history points": {"ztf": _ztf_past(_nan_and_time), "lsst": _rubin_past(_nan_and_time)},
    "null history points": {"ztf": _ztf_past(_null_and_time), "lsst": _rubin_past(_null_and_time)},
    "own point repeated in the history": _extra(lambda _key, value: value),
    "history point later than the alert": _extra(_later),
    "history point of NaN time": _extra(_without_time),
    "null stamp": {"ztf": _ztf_stamps(None), "lsst": _rubin_stamps(None)},
    "empty stamp": {"ztf": _ztf_stamps(b""), "lsst": _rubin_stamps(b"")},
    "edge stamp 63x42": {"ztf": _ztf_stamps(edge(packed=True)), "lsst": _rubin_stamps(edge(packed=False))},
    "JPEG stamp": {"ztf": _ztf_stamps(jpeg()), "lsst": _rubin_stamps(jpeg())},
    "one-point light curve": {"ztf": _ztf_points(1), "lsst": _rubin_points(1)},
    "1,000-point light curve": {"ztf": _ztf_points(LONG_POINTS), "lsst": _rubin_points(LONG_POINTS)},
}
