"""What a survey says of the objects that its alerts are of: how sure a position is, and what moves."""

from dataclasses import dataclass

import pyarrow.compute as pc

from fink_lib.surveys.facts import NightFlag

NOTHING = NightFlag(pc.scalar(False), ())
ASSOCIATION_ARCSEC = 1.5


@dataclass(frozen=True)
class MovingPhotometry:
    """What silver tells of the brightness and the orbit of a moving object.

    Attributes
    ----------
    brightness, error
        Columns of a magnitude and its error, or of a flux above zero.
    zero_point
        Magnitude of the flux 1; None where the brightness is a magnitude.
    orbit
        Columns of perihelion distance (au), eccentricity, inclination, node, argument of perihelion (degrees) and time
        of perihelion (MJD, TT); empty where packets bring none.
    """

    brightness: str
    error: str
    zero_point: float | None = None
    orbit: tuple[str, ...] = ()


@dataclass(frozen=True)
class ObjectFacts:
    """Positions and motions of a survey's objects.

    Attributes
    ----------
    typical_error_arcsec
        Error of the position of one detection, one sigma an axis, where its packet tells none.
    error_paths
        Packet fields with the errors of right ascension (on the sky) and declination, in degrees; empty for none.
    association_arcsec
        Within which the survey takes sources to be of one object: two objects of it that are nearer are linked.
    moving
        Condition on rows of silver: the alert is of a moving object.
    may_move
        Condition on rows of silver: the alert may be of a moving object that nobody knows.
    designations
        Columns of silver that name a moving object, the most trusted first; nulls, 0 and empty texts name nothing.
    photometry
        What phase curves are made of; None for none.
    """

    typical_error_arcsec: float = 1.0
    error_paths: tuple[str, ...] = ()
    association_arcsec: float = ASSOCIATION_ARCSEC
    moving: NightFlag = NOTHING
    may_move: NightFlag = NOTHING
    designations: tuple[str, ...] = ()
    photometry: MovingPhotometry | None = None
