"""Cutouts as PNG, FITS or arrays of numbers; the packet that they are in."""

import io
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.answers import etag, facts_answer, headers_of, is_known, unchanged
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.parameters import Cutout, OfAlert
from fink_lib.api.http.service import Service
from fink_lib.api.lake import Snapshot
from fink_lib.api.queries.alerts import alerts
from fink_lib.api.queries.cutouts import Kind, cutouts
from fink_lib.api.queries.objects import light_curves
from fink_lib.api.queries.packets import packet
from fink_lib.errors import LakeError
from fink_lib.inflate import INFLATE_ERRORS, inflated
from fink_lib.render.cutouts import GREYS, NOTHING, Image, read_stamp, to_png

MAGIC, GZIP_WINDOW = b"\x1f\x8b", 31
STEEPNESS = 10.0


def cutout(service: Service, request: Request, asked: Cutout) -> Response:
    """Answer with a cutout of an alert, or of the newest alert of an object."""
    survey = service.survey(asked.survey, asked)
    snapshot = service.snapshot(asked)
    tag = etag(snapshot, asked)
    if is_known(request, tag):
        return unchanged(snapshot, tag)
    alert_id = _alert(snapshot, asked)
    try:
        found = cutouts(snapshot, service.writers, alert_id)
    except LakeError as error:
        raise Refused(str(error), parameter=survey.served.alert_parameter, value=alert_id, status=404,
                      fix="its packet is gone from bronze; another alert may have its own") from error  # fmt: skip
    if found is None:
        raise Refused(f"there is no alert {alert_id}", parameter=survey.served.alert_parameter, value=str(alert_id),
                      fix="ask /sources for the alerts of an object", status=404)  # fmt: skip
    headers = headers_of(snapshot, tag)
    if asked.output_format == "array":
        kinds = list(Kind) if asked.kind == "All" else [Kind(asked.kind)]
        return facts_answer({_key(snapshot, kind): _numbers(found[kind]) for kind in kinds}, headers)
    if asked.kind == "All":
        raise Refused("All cutouts are given as arrays alone", parameter="output-format", value=asked.output_format,
                      fix="output-format=array, or one kind")  # fmt: skip
    raw = found[Kind(asked.kind)]
    if raw is None:
        raise Refused(f"the packet of alert {alert_id} has no cutout {asked.kind}", parameter="kind", value=asked.kind,
                      fix="another kind may be there", status=404)  # fmt: skip
    if asked.output_format == "FITS":
        plain = _plain(raw, alert_id)
        name = f'inline; filename="{survey.name}_{alert_id}_{asked.kind}.fits"'
        return Response(plain, media_type="application/fits", headers=headers | {"Content-Disposition": name})
    return Response(png(_image(raw, alert_id), asked), media_type="image/png", headers=headers)


def whole_packet(service: Service, request: Request, asked: OfAlert) -> Response:
    """Answer with the packet of an alert, as an Avro file with the survey's own schema."""
    snapshot = service.snapshot(asked)
    tag = etag(snapshot, asked)
    if is_known(request, tag):
        return unchanged(snapshot, tag)
    found = packet(snapshot, service.writers, asked.alert)
    if found is None:
        raise Refused(f"there is no packet of an alert {asked.alert}", parameter="alert", value=str(asked.alert),
                      fix="ask /sources for the alerts of an object", status=404)  # fmt: skip
    name = f'attachment; filename="{snapshot.survey.name}_{asked.alert}.avro"'
    headers = headers_of(snapshot, tag) | {"Content-Disposition": name}
    return Response(found, media_type="application/avro", headers=headers)


def _alert(snapshot: Snapshot, asked: Cutout) -> int:
    """Return which alert is meant.

    Raises
    ------
    Refused
        When none is named, or the object has none.
    """
    facts = snapshot.survey.served
    alert_id = asked.alert if asked.alert is not None else getattr(asked, facts.alert_parameter, None)
    name = asked.object or getattr(asked, facts.object_parameter, None)
    if alert_id is not None:
        return int(alert_id)
    if not name:
        raise Refused(f"neither {facts.object_parameter} nor {facts.alert_parameter} is given",
                      parameter=facts.object_parameter, fix="name an object or an alert")  # fmt: skip
    found = alerts(snapshot, light_curves([name], (), (facts.packet_prefix + facts.alert_parameter,), limit=1))
    if not found.num_rows:
        raise Refused(f"there is no object '{name}'", parameter=facts.object_parameter, value=name,
                      fix="/conesearch and /resolver find objects", status=404)  # fmt: skip
    return int(found.column(0)[0].as_py())


def _key(snapshot: Snapshot, kind: Kind) -> str:
    """Return what Fink's API calls an array: the path of the cutout in the packet."""
    paths = dict(zip(Kind, snapshot.survey.fields.cutouts, strict=True))
    return "b:" + paths[kind].replace(".", "_")


def _plain(raw: bytes, alert_id: int) -> bytes:
    try:
        return inflated(raw, GZIP_WINDOW) if raw.startswith(MAGIC) else raw
    except INFLATE_ERRORS as error:
        raise Refused(f"cutout of alert {alert_id} cannot be unpacked: {error}", status=422) from error


def _image(raw: bytes, alert_id: int) -> Image:
    try:
        return read_stamp(raw)
    except ValueError as error:
        raise Refused(f"cutout of alert {alert_id}: {error}", parameter="output-format", value="PNG",
                      fix="output-format=FITS gives its bytes", status=422) from error  # fmt: skip


def _numbers(raw: bytes | None) -> list[list[float | None]] | None:
    if raw is None:
        return None
    try:
        image = read_stamp(raw)
    except ValueError:
        return None
    return [[float(value) if np.isfinite(value) else None for value in row] for row in image]


def stretched(image: Image, asked: Cutout) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return an image in [0, 1], between two percentiles, by one of the usual curves; NaN stays.

    Parameters
    ----------
    image
        Any unit; NaN where there is nothing.
    asked
        Both percentiles, in either order, and the curve.
    """
    good = image[np.isfinite(image)]
    if not good.size:
        return image
    low, high = np.percentile(good, [min(asked.pmin, asked.pmax), max(asked.pmin, asked.pmax)])
    x = np.clip((image - low) / ((high - low) or 1.0), 0.0, 1.0)
    curves = {
        "linear": lambda: x,
        "sqrt": lambda: np.sqrt(x),
        "power": lambda: x**2,
        "log": lambda: np.log1p(1000.0 * x) / np.log1p(1000.0),
        "asinh": lambda: np.arcsinh(10.0 * x) / np.arcsinh(10.0),
        "sigmoid": lambda: 1.0 / (1.0 + np.exp(-STEEPNESS * (x - 0.5))),
    }
    return np.asarray(curves[asked.stretch](), dtype=np.float64)


def png(image: Image, asked: Cutout) -> bytes:
    """Return an image as a PNG, in grey or in a colour map.

    Parameters
    ----------
    image
        Any unit; NaN where there is nothing.
    asked
        Percentiles, curve and colour map; grey where no map is named.

    Raises
    ------
    Refused
        When there is no such colour map.
    """
    values = stretched(image, asked)
    if not asked.colormap:
        grey = np.full(values.shape, NOTHING, dtype=np.uint8)
        good = np.isfinite(values)
        grey[good] = np.round(values[good] * GREYS).astype(np.uint8)
        return to_png(grey)
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and few ask for colours
    from matplotlib.image import imsave  # noqa: PLC0415

    if asked.colormap not in mpl.colormaps:
        raise Refused(f"there is no colour map '{asked.colormap}'", parameter="colormap", value=asked.colormap,
                      fix="a name of matplotlib's, such as viridis, magma or gray")  # fmt: skip
    sink = io.BytesIO()
    imsave(sink, mpl.colormaps[asked.colormap](np.ma.masked_invalid(values[::-1])), format="png")
    return sink.getvalue()
