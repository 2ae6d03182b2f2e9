"""What a text in the search box means: the address of a page, or what to say where there is none."""

import difflib
import re
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.parameters import LARGEST_ID, Around, understood
from fink_lib.api.http.service import Service
from fink_lib.api.lake import Snapshot
from fink_lib.api.queries import latest, objects, records
from fink_lib.api.queries.alerts import Wanted, alerts

USUAL_RADIUS_ARCSEC = 5.0
SEXAGESIMAL = 6
PLACED = {"object": "object_id", "ra": "ra", "dec": "dec"}
MOST_NAMED = 50
NUMBER = r"[+-]?\d+(?:\.\d*)?"
PLACE = re.compile(rf"{NUMBER}(?:[hd:°]\S*)?(?:[\s,]+{NUMBER}\S*)+")


@dataclass(frozen=True)
class Found:
    """Where a search leads.

    Attributes
    ----------
    address
        Address of a page; empty where nothing was found.
    said
        What to say then.
    close
        Addresses that may have been meant: words → address.
    """

    address: str = ""
    said: str = ""
    close: tuple[tuple[str, str], ...] = ()


def object_address(survey: str, name: str, alert_id: object = None) -> str:
    """Return the address of the page of an object, at one of its alerts.

    Parameters
    ----------
    survey
        Name of the survey.
    name
        Of the object, as it is: it is quoted here.
    alert_id
        The alert to show; the newest if none.
    """
    chosen = "" if alert_id is None else f"?alert={alert_id}"
    return f"/object/{quote(survey)}/{quote(str(name), safe='')}{chosen}"


def place_of(text: str) -> tuple[str, str, str] | None:
    """Return right ascension, declination and radius (arcsec) as they are written; None where it is no place.

    Degrees or sexagesimal, with blanks, commas or colons, and a radius after them: ``49.1551 44.1449``,
    ``03:16:37.2 +44:08:41.6 10``, ``03 16 37.2 +44 08 41.6``, ``3h16m37.2s 44d08m41.6s``.
    """
    if not PLACE.fullmatch(text.strip()):
        return None
    parts = [part for part in re.split(r"[\s,]+", text.strip()) if part]
    if len(parts) in {SEXAGESIMAL, SEXAGESIMAL + 1}:
        parts = [":".join(parts[:3]), ":".join(parts[3:6]), *parts[6:]]
    if len(parts) not in {2, 3}:
        return None
    return parts[0], parts[1], parts[2] if len(parts) > 2 else f"{USUAL_RADIUS_ARCSEC:g}"  # noqa: PLR2004 - a radius


def search(service: Service, text: str) -> Found:
    """Return where a text leads: an object, an alert, a place, a class, or a name in a catalogue, in this order.

    Parameters
    ----------
    service
        Every survey that it serves is looked in.
    text
        As somebody wrote it, not empty.
    """
    text = text.strip()
    snapshots = [one.now() for one in service.lake.surveys.values()]
    for snapshot in snapshots:
        if address := _object(snapshot, text) or _alert(snapshot, text):
            return Found(address)
    if place := place_of(text):
        return _cone(*place, survey=snapshots[0].survey.name)
    if found := _class(snapshots, text):
        return found
    named = [row for snapshot in snapshots for row in _named(snapshot, text)]
    if len(named) == 1:
        return Found(named[0][1])
    if named:
        return Found(said=f"{len(named)} objects are called so.", close=tuple(named))
    return Found(said=_nothing(text), close=_close(snapshots, text))


def _object(snapshot: Snapshot, text: str) -> str:
    if not re.fullmatch(snapshot.survey.fields.object_name, text):
        return ""
    return object_address(snapshot.survey.name, text) if _holds(snapshot, text) else ""


def _holds(snapshot: Snapshot, name: str) -> bool:
    own = snapshot.names.usual[:1]
    return bool(own) and alerts(snapshot, objects.light_curves([name], (), own, limit=1)).num_rows > 0


def _alert(snapshot: Snapshot, text: str) -> str:
    if not re.fullmatch(r"\d{1,19}", text) or int(text) > LARGEST_ID or not snapshot.names.usual:
        return ""
    wanted: Wanted = replace(objects.by_alert([int(text)], ()), columns=snapshot.names.usual[:1], extra=PLACED)
    rows = alerts(snapshot, wanted).to_pylist()
    survey = snapshot.survey.name
    if rows and rows[0]["object"] is None:  # it has no page: it is in the list of what is around it
        ra, dec = (f"{rows[0][name]:.7f}" for name in ("ra", "dec"))
        return cone_address(survey, ra, dec, f"{USUAL_RADIUS_ARCSEC:g}")
    return object_address(survey, rows[0]["object"], text) if rows else ""


def _cone(ra: str, dec: str, radius: str, *, survey: str) -> Found:
    said = {"ra": ra, "dec": dec, "radius": radius}
    try:
        understood(Around, said)
    except Refused as error:
        return Found(said=f"{error.message[:1].upper()}{error.message[1:]}.")
    return Found(cone_address(survey, ra, dec, radius))


def cone_address(survey: str, ra: str, dec: str, radius: str) -> str:
    """Return the address of the list of what is around a place.

    Parameters
    ----------
    survey
        Whose objects.
    ra, dec
        Place, as it is written; in degrees or sexagesimal.
    radius
        Radius in arcsec, as it is written.

    Returns
    -------
    str
        Path and query.
    """
    return f"/cone?{urlencode({'survey': survey, 'ra': ra, 'dec': dec, 'radius': radius})}"


def class_address(survey: str, name: str) -> str:
    """Return the address of the list of a class.

    Parameters
    ----------
    survey
        Name of the survey.
    name
        Of the class, as it is: it is quoted here.
    """
    return f"/class?{urlencode({'survey': survey, 'name': name})}"


def _class(snapshots: list[Snapshot], text: str) -> Found | None:
    same = [
        (f"{name} ({snapshot.survey.name})", class_address(snapshot.survey.name, name))
        for snapshot in snapshots
        for name in _classes(snapshot)
        if name.lower() == text.lower()
    ]
    if len(same) == 1:
        return Found(same[0][1])
    return Found(said="More than one class is called so.", close=tuple(same)) if same else None


def _classes(snapshot: Snapshot) -> list[str]:
    return list(latest.classes(snapshot)["class"].to_pylist())


def _named(snapshot: Snapshot, text: str) -> list[tuple[str, str]]:
    rows = records.resolve(snapshot, text, MOST_NAMED).to_pylist()
    survey = snapshot.survey.name
    return [(f"{row['object']} ({row['source']})", object_address(survey, row["object"])) for row in rows]


def _nothing(text: str) -> str:
    shown = text if len(text) <= 80 else text[:80] + "…"  # noqa: PLR2004 - a line
    return (
        f"Nothing is called “{shown}” here: no object, alert, class or name in a catalogue, and it is no place. "
        "Only public alerts are searched."
    )


def _close(snapshots: list[Snapshot], text: str) -> tuple[tuple[str, str], ...]:
    known = {name: class_address(one.survey.name, name) for one in snapshots for name in _classes(one)}
    return tuple((name, known[name]) for name in difflib.get_close_matches(text, known, n=3))
