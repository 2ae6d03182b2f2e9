"""What the readers of all formats share: times, numbers, places."""

import datetime as dt
import math

from fink_lib.errors import UnreadableNotice
from fink_lib.multimessenger.event import Localization, Shape

TURN_DEG, POLE_DEG = 360.0, 90.0
FARTHEST_DEG = 180.0


def utc(text: object, what: str) -> dt.datetime | None:
    """Read an ISO 8601 time; one without a zone is UTC. None for nothing.

    Parameters
    ----------
    text
        The value; None and an empty text are nothing.
    what
        What it is, as the error says it.

    Raises
    ------
    UnreadableNotice
        When it is something else.
    """
    if text is None or text == "":
        return None
    try:
        found = dt.datetime.fromisoformat(str(text).strip())
    except ValueError as error:
        raise UnreadableNotice(f"{what} is '{text}', which is no ISO 8601 time") from error
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def number(value: object, what: str) -> float | None:
    """Read a finite number; None for nothing.

    Parameters
    ----------
    value
        A number or its text; None and an empty text are nothing, and true or false is no number.
    what
        What it is, as the error says it.

    Raises
    ------
    UnreadableNotice
        When it is something else.
    """
    if value is None or value == "":
        return None
    try:
        found = float(str(value))
    except ValueError as error:
        raise UnreadableNotice(f"{what} is '{value}', which is no number") from error
    if isinstance(value, bool) or not math.isfinite(found):
        raise UnreadableNotice(f"{what} is '{value}', which is no finite number")
    return found


def whole(value: object, what: str) -> int | None:
    """Read a whole number; None for nothing.

    Parameters
    ----------
    value
        A number or its text, ``3.0`` as well as ``3``; None and an empty text are nothing.
    what
        What it is, as the error says it.

    Raises
    ------
    UnreadableNotice
        When it is something else.
    """
    found = number(value, what)
    if found is not None and found != int(found):
        raise UnreadableNotice(f"{what} is '{value}', which is no whole number")
    return None if found is None else int(found)


def position(ra: object, dec: object) -> tuple[float, float] | None:
    """Read a position, in degrees; None where it is not given.

    Parameters
    ----------
    ra, dec
        Numbers or their texts, in degrees; a right ascension may lie between -360 and 360.

    Returns
    -------
    The right ascension in [0, 360), and the declination.

    Raises
    ------
    UnreadableNotice
        When it is no place on the sky.
    """
    ra_deg, dec_deg = number(ra, "the right ascension"), number(dec, "the declination")
    if ra_deg is None or dec_deg is None:
        return None
    if abs(ra_deg) > TURN_DEG or abs(dec_deg) > POLE_DEG:
        raise UnreadableNotice(f"({ra_deg}, {dec_deg}) is no place on the sky")
    return ra_deg % TURN_DEG % TURN_DEG, dec_deg  # a hair below 0 becomes a whole turn by the first one


def require_probability(containment: float) -> None:
    """Refuse a containment, of an error region, that is no probability below 1.

    Raises
    ------
    UnreadableNotice
        When it is none.
    """
    if not 0.0 < containment < 1.0:
        raise UnreadableNotice(f"the containment of the error region is {containment}, not within (0, 1)")


def error_region(
    place: tuple[float, float],
    axes_deg: tuple[float, float],
    angle_deg: float,
    containment: float,
    *,
    systematic_included: bool,
    skymap_url: str = "",
) -> Localization:
    """Return a circle or an ellipse; a position alone where an axis is not above zero, or beyond the whole sky.

    Parameters
    ----------
    place
        Right ascension and declination of the centre, in degrees.
    axes_deg
        Semi-major and semi-minor axis; equal ones make a circle.
    angle_deg
        Position angle of the major axis, from north to east.
    containment
        Probability that the region holds the source.
    systematic_included
        Whether the axes contain the systematic error of the instrument.
    skymap_url
        Where a map of the event can be fetched; empty for nowhere.

    Raises
    ------
    UnreadableNotice
        When the containment is no probability below 1.
    """
    require_probability(containment)
    if not (min(axes_deg) > 0.0 and max(axes_deg) <= FARTHEST_DEG):
        return Localization(Shape.NONE, *place, skymap_url=skymap_url)
    shape = Shape.CIRCLE if axes_deg[0] == axes_deg[1] else Shape.ELLIPSE
    return Localization(
        shape,
        *place,
        *axes_deg,
        position_angle_deg=angle_deg,
        containment=containment,
        systematic_included=systematic_included,
        skymap_url=skymap_url,
    )
