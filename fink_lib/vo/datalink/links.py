"""The links of alerts, and the packet that one of them leads to."""

from collections.abc import Iterator

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.service import Service
from fink_lib.api.lake import Snapshot
from fink_lib.api.queries.cutouts import Kind, cutouts, kept_packet
from fink_lib.errors import LakeError
from fink_lib.packets.public import without_private
from fink_lib.vo import vosi, votable
from fink_lib.vo.datalink.container import container
from fink_lib.vo.datalink.descriptor import root_of
from fink_lib.vo.fields import Field
from fink_lib.vo.parameters import Parameters
from fink_lib.vo.replies import pieces
from fink_lib.vo.tap.requests import Sent

MOST_IDS = 100
MEDIA = f"{votable.MEDIA};content=datalink"
T, N = pa.string(), pa.int64()
FIELDS = (
    Field("ID", T, "", "meta.id;meta.main", "Identifier of the alert."),
    Field("access_url", T, "", "meta.ref.url", "Where it is."),
    Field("service_def", T, "", "meta.ref", "Service that gives it; none here has one."),
    Field("error_message", T, "", "meta.code.error", "Why there is no link."),
    Field("semantics", T, "", "meta.code", "What it is to the alert."),
    Field("description", T, "", "meta.note", "What it is."),
    Field("content_type", T, "", "meta.code.mime", "Its media type."),
    Field("content_length", N, "byte", "phys.size;meta.file", "Its size."),
    Field("local_semantics", T, "", "meta.code", "What it is, in this broker's words."),
)
Link = dict[str, str | int | None]


def links(service: Service, sent: Sent) -> Response:
    """Answer with the links of some alerts.

    Parameters
    ----------
    service
        What is served.
    sent
        With the survey in its path, and ids of alerts as ID, any number of times.

    Returns
    -------
    A row for each link; of an id that cannot be answered, one row that says why.

    Raises
    ------
    Refused
        When there are more than `MOST_IDS`, or there is no such survey.
    """
    snapshot, names = _snapshot(service, sent.request), sent.parameters.values.get("ID", [])
    if len(names) > MOST_IDS:
        raise Refused(f"{len(names)} alerts", parameter="ID", fix=f"at most {MOST_IDS} at a time")
    root = root_of(sent.request)
    rows = [one for name in names for one in _links(service, snapshot, name.strip(), root)]
    schema = pa.schema([(one.name, one.kind) for one in FIELDS])
    return pieces(votable.written(pa.Table.from_pylist(rows, schema), FIELDS, votable.Document()), MEDIA)


def packet(service: Service, request: Request) -> Response:
    """Answer with the packet of an alert, as an Avro container with its own schema.

    Parameters
    ----------
    service
        What is served.
    request
        With the survey in its path, and the id of the alert as ID.

    Raises
    ------
    Refused
        When there is no such survey, or no such public alert.
    """
    snapshot = _snapshot(service, request)
    name = Parameters(request.query_params.multi_items()).text("ID")
    content = None if _number(name) is None else _packet(service, snapshot, int(name))
    if content is None:
        raise Refused(f"there is no alert '{name}'", parameter="ID", value=name, status=404, fix="ask TAP for alerts")
    told = f'attachment; filename="{snapshot.survey.name}_{int(name)}.avro"'
    return Response(content, media_type="application/avro", headers={"Content-Disposition": told})


def capabilities(service: Service, request: Request) -> Response:
    """Answer with what this service can do.

    Parameters
    ----------
    service
        What is served.
    request
        With the survey in its path.
    """
    url = f"{root_of(request)}/datalink/{_snapshot(service, request).survey.name}"
    inside = vosi.interface(f"{url}/links", version="1.1", use="base")
    return vosi.capabilities(url, [vosi.capability("DataLink#links-1.1", inside)])


def _snapshot(service: Service, request: Request) -> Snapshot:
    return service.lake.surveys[service.survey(request.path_params["survey"]).name].now()


def _number(name: str) -> int | None:
    return int(name) if name.isascii() and name.isdecimal() and int(name) < 1 << 63 else None


def _links(service: Service, snapshot: Snapshot, name: str, root: str) -> Iterator[Link]:
    alert_id = _number(name)
    try:
        images = None if alert_id is None else cutouts(snapshot, service.writers, alert_id)
        content = None if images is None or alert_id is None else _packet(service, snapshot, alert_id)
    except LakeError as error:
        yield {"ID": name, "error_message": f"FatalFault: {error}", "semantics": "#this"}
        return
    if images is None or content is None:
        yield {"ID": name, "error_message": f"NotFoundFault: there is no alert '{name}'", "semantics": "#this"}
        return
    yield {"ID": name, "access_url": f"{root}/datalink/{snapshot.survey.name}/packet?ID={name}", "semantics": "#this",
           "description": "The packet, an Avro container with its own schema", "content_type": "application/avro",
           "content_length": len(content), "local_semantics": "packet"}  # fmt: skip
    for kind, raw in images.items():
        if raw is not None:
            yield from _images(snapshot, name, root, kind)


def _images(snapshot: Snapshot, name: str, root: str, kind: Kind) -> Iterator[Link]:
    """Yield the two links of a cutout: its FITS, and a picture of it."""
    for form, media, semantics in (("FITS", "application/fits", "#auxiliary"), ("PNG", "image/png", "#preview-image")):
        asked = f"{snapshot.survey.served.alert_parameter}={name}&kind={kind}&output-format={form}"
        yield {"ID": name, "access_url": f"{root}/{snapshot.survey.name}/api/v1/cutouts?{asked}",
               "semantics": semantics, "description": f"Cutout {kind} as {form}", "content_type": media,
               "local_semantics": f"cutout-{kind.lower()}"}  # fmt: skip


def _packet(service: Service, snapshot: Snapshot, alert_id: int) -> bytes | None:
    """Return the packet of a public alert without the points that are not; None where there is no such alert."""
    kept = kept_packet(snapshot, alert_id)
    if kept is None:
        return None
    (row,) = kept.to_pylist()
    writer, datum = service.writers.text(row["schema_sha256"]), row["head"] + (row["tail"] or b"")
    shown, withheld = without_private(datum, writer, snapshot.survey)
    return container(shown if withheld else datum, writer)
