"""Further pages: a moving object, how high a place stands tonight, numbers over nights, the sky of a night, filters."""

import datetime as dt
import math
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fink_lib.accounts.asking import asking
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.parameters import Around, understood
from fink_lib.api.http.service import Service
from fink_lib.api.queries import records
from fink_lib.api.queries.alerts import Wanted, relation
from fink_lib.api.sql import literal
from fink_lib.filters.registry import filters_of
from fink_lib.filters.restricted import restricted_topics
from fink_lib.followup.sites import SITES
from fink_lib.portal.chart import HEIGHT, WIDTH
from fink_lib.portal.drawing import page
from fink_lib.portal.object_facts import listed
from fink_lib.portal.observability import TWILIGHT_DEG, tonight
from fink_lib.portal.own_filters import listed as listed_filters
from fink_lib.portal.plot import bars, lines
from fink_lib.portal.snapshots import snapshot_of
from fink_lib.served.access import sees_topic
from fink_lib.sky import Site

MOST_POINTS = 5_000
PI, POLE_DEG = math.pi, 90.0


def moving(service: Service, request: Request) -> Response:
    """Show a moving object by its number or designation.

    Parameters
    ----------
    service
        The lake.
    request
        With `survey` and `name` in its path.

    Raises
    ------
    Refused
        When no alert that whoever asks may see is of such an object.
    """
    snapshot, name = snapshot_of(service, request.path_params["survey"]), request.path_params["name"]
    where = records.moving(snapshot, name)
    rows = listed(snapshot, Wanted((" OR ".join(where),), limit=MOST_POINTS)) if where else []
    if not rows:
        raise Refused(f"There is no moving object “{name}” of {snapshot.survey.name} with alerts.", status=404)
    download = "/api/v1/sso", {"survey": snapshot.survey.name, "n_or_d": name}
    return page("moving.html.j2", q=name, survey=snapshot.survey.name, name=name, rows=rows, download=download)


def observability(_service: Service, request: Request) -> Response:
    """Show how high a place stands over a night at a site.

    Parameters
    ----------
    _service
        Not used.
    request
        With `ra` and `dec` (deg) in its query, and perhaps `site` (the first there is, if it is no known one), or
        `lat` and `lon` (deg) of a site of one's own, and `date` (today, UTC).

    Raises
    ------
    Refused
        When the place, the site or the date is none.
    """
    said = {"radius": "1", **dict(request.query_params)}
    name, text = said.pop("site", ""), said.pop("date", "")
    own = _own_site(said.pop("lat", ""), said.pop("lon", ""))
    place, known = understood(Around, said), {one.name: one for one in SITES.values()}
    site = own or known.get(name) or next(iter(known.values()))
    try:
        date = dt.date.fromisoformat(text) if text else dt.datetime.now(dt.UTC).date()
    except ValueError as error:
        raise Refused(f"“{text}” is no date: write it as 2026-03-01.") from error
    night = tonight(place.ra, place.dec, site, date)
    curves = {("target", "target"): night.target, ("Moon", "moon"): night.moon, ("Sun", "sun"): night.sun}
    title = f"Altitude at {site.name}, {date}"
    summary = (f"The place rises to {max(night.target):.0f} degrees; it stands above 30 degrees for "
               f"{night.dark_hours:.1f} dark hours.")  # fmt: skip
    plot = lines(title, night.hours, curves, (TWILIGHT_DEG, 90.0), summary)
    ticks = [(plot.x.at(hour), f"{night.begin + dt.timedelta(hours=hour):%H:%M}") for hour in range(0, 24, 4)]
    return page("observability.html.j2", q="", place=place, site=site.name, sites=list(known), own=own, date=date,
                plot=plot, night=night, ticks=ticks)  # fmt: skip


def _own_site(latitude: str, longitude: str) -> Site | None:
    """Return the site of one's own that a form tells; None where it tells none.

    Raises
    ------
    Refused
        When it tells half of one, or one that is not on Earth.
    """
    if not latitude and not longitude:
        return None
    try:
        north, east = float(latitude), float(longitude)
    except ValueError:
        north = east = math.nan
    if not (abs(north) <= POLE_DEG and abs(east) <= 4 * POLE_DEG):
        said = f"“{latitude[:20]}” and “{longitude[:20]}” are no site: give degrees, north and east counted as positive"
        raise Refused(said)
    return Site(f"{north:+.3f} {east:+.3f}", east, north, 0.0)


def statistics(service: Service, request: Request) -> Response:
    """Show numbers over all nights.

    Parameters
    ----------
    service
        The lake.
    request
        With `survey` in its query; the first that is served if none.
    """
    snapshot = snapshot_of(service, request.query_params.get("survey"))
    survey = snapshot.survey.name
    alerts = sorted(records.public_alerts(snapshot).items())
    marks = [(f"{night}: {count:,} alerts", float(count), f"/night/{survey}/{night}") for night, count in alerts]
    drawn, axis = bars(marks)
    told = records.statistics(snapshot, service.lake.settings.lake, "").to_pylist()
    return page("statistics.html.j2", q="", survey=survey, surveys=list(service.lake.surveys), bars=drawn, axis=axis,
                total=sum(count for _, count in alerts), nights=len(alerts), rows=told[::-1],
                download=("/api/v1/statistics", {"survey": survey}))  # fmt: skip


def sky(service: Service, request: Request) -> Response:
    """Show where the alerts of a night stand on the sky.

    Parameters
    ----------
    service
        The lake.
    request
        With `survey` and `night` (2021-11-22) in its path.

    Raises
    ------
    Refused
        When it is no night, or none of its alerts is for who asks.
    """
    snapshot, text = snapshot_of(service, request.path_params["survey"]), request.path_params["night"]
    try:
        night = dt.date.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"“{text}” is no night: write it as 2021-11-22.", status=404) from error
    rows = relation(snapshot, (f"night = {literal(night)}",))
    points: list[dict[str, Any]] = []
    if "SELECT NULL" not in rows:
        query = f"""SELECT any_value(ra) AS ra, any_value("dec") AS dec, count(*) AS n FROM {rows}
                    GROUP BY hpx >> 42 ORDER BY n DESC LIMIT {MOST_POINTS}"""  # noqa: S608 - cells of order 8
        points = snapshot.engine.table(query).to_pylist()
    if not points:
        raise Refused(f"No alert of {snapshot.survey.name} of the night {night} is public.", status=404)
    marks = [(*_mollweide(row["ra"], row["dec"]), min(1.5 + math.log2(row["n"]), 7.0), row) for row in points]
    graticule = [" ".join(_at(ra, dec) for dec in range(-90, 91, 6)) for ra in range(-180, 181, 60)]
    graticule += [" ".join(_at(ra, dec) for ra in range(-180, 181, 6)) for dec in (-60, -30, 0, 30, 60)]
    return page("sky.html.j2", q="", survey=snapshot.survey.name, night=night, marks=marks, graticule=graticule,
                alerts=sum(row["n"] for row in points))  # fmt: skip


def _mollweide(ra_deg: float, dec_deg: float) -> tuple[float, float]:
    """Return where a place stands on a map of the whole sky: equal areas (Mollweide), RA 0 in the middle, east left."""
    lon, lat = math.radians((ra_deg + 180.0) % 360.0 - 180.0), math.radians(dec_deg)
    angle = lat
    if abs(abs(lat) - PI / 2) > 1e-9:  # noqa: PLR2004 - at a pole the angle is that of the pole
        for _ in range(12):  # Newton's way; 2θ + sin 2θ = π sin φ
            step = (2 * angle + math.sin(2 * angle) - PI * math.sin(lat)) / (2 + 2 * math.cos(2 * angle) or 1e-12)
            angle -= step
            if abs(step) < 1e-7:  # noqa: PLR2004
                break
    scale = min(WIDTH / 4, HEIGHT / 2) - 6
    return WIDTH / 2 - scale * 2 * lon / PI * math.cos(angle), HEIGHT / 2 - scale * math.sin(angle)


def _at(ra_deg: float, dec_deg: float) -> str:
    lon = min(max(ra_deg, -179.999), 179.999)
    x, y = _mollweide(lon % 360.0, dec_deg)
    return f"{x:.1f},{y:.1f}"


def filters(service: Service, request: Request) -> Response:
    """List the filters, what each asks, and what it sent on the last nights.

    Parameters
    ----------
    service
        The lake.
    request
        With `survey` in its query; the first that is served if none.
    """
    snapshot = snapshot_of(service, request.query_params.get("survey"))
    hidden = restricted_topics(service.lake.settings)
    shown = [one for one in filters_of(snapshot.survey.name) if sees_topic(asking().claims, one.topic, hidden)]
    told = records.statistics(snapshot, service.lake.settings.lake, "").to_pylist()
    last = told[-1] if told else {}
    return page("filters.html.j2", q="", survey=snapshot.survey.name, surveys=list(service.lake.surveys), filters=shown,
                sent={one.name: last.get(f"filter:{one.name}") for one in shown}, night=last.get("night"),
                users=listed_filters(service.lake.settings, snapshot.survey.name))  # fmt: skip
