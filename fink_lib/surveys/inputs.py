"""Which field of a packet feeds which canonical input: the kinds of a table that each survey's folder holds.

A module asks for ``mag``; that this is ``magpsf`` in a ZTF packet is written in that survey's folder alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Reading(StrEnum):
    """How the values of a field become an array."""

    NUMBER = "number"  # float64, NaN for null, infinity and the survey's fillers
    SIGNED = "signed"  # the same of a flux, which may be any number: a filler would be a value
    TEXT = "text"  # object array, None for null
    BAND = "band"  # int8, place in BANDS, -1 for null or unknown
    SIGN = "sign"  # 1.0 for 't' and '1', 0.0 for 'f' and '0', NaN for null and every other word


BANDS = ("u", "g", "r", "i", "z", "y")
POSITIVE = ("t", "1", "true")
NEGATIVE = ("f", "0", "false")

NUMBER, SIGNED, TEXT, BAND, SIGN = Reading.NUMBER, Reading.SIGNED, Reading.TEXT, Reading.BAND, Reading.SIGN


@dataclass(frozen=True)
class SurveyInputs:
    """The canonical inputs that a survey can feed.

    Attributes
    ----------
    alert_id
        Path of the identity.
    scalars
        Canonical name → (dotted path, reading).
    current, history
        Path of the record that holds the current point, and of the array that holds the earlier ones.
    points
        Canonical name → (field of both, reading).
    stamps
        Canonical name → dotted path of the bytes.
    stamp_scalars
        Canonical scalars that modules may tell by whether they look at an alert's stamps.
    time
        Canonical history that orders the points.
    same_point
        Canonical histories besides `time` that two points of one measurement share, so that one that is repeated
        is known: band, brightness, limit and position (one exposure may detect a source twice, a pixel apart).
    forced
        Path of the array of forced photometry; empty where packets have none.
    forced_points
        Canonical name → (field of it, reading); `time` orders them.
    fillers
        Numbers that the survey writes where it has no value. They are read as missing.
    none_there
        Canonical scalars for which a filler is an answer, "looked at, and none is there"; it is read as infinity:
        a neighbour infinitely far and infinitely faint. A null of them is missing as any other one.
    """

    alert_id: str
    scalars: Mapping[str, tuple[str, Reading]]
    current: str
    history: str
    points: Mapping[str, tuple[str, Reading]]
    stamps: Mapping[str, str]
    stamp_scalars: tuple[str, ...] = ()
    time: str = "time"
    same_point: tuple[str, ...] = ()
    forced: str = ""
    forced_points: Mapping[str, tuple[str, Reading]] = field(default_factory=dict)
    fillers: tuple[float, ...] = ()
    none_there: frozenset[str] = frozenset()

    def carries(self, name: str) -> bool:
        """Tell whether packets carry a scalar; one that they do not carry is read as null."""
        return bool(self.scalars[name][0])

    def predicate(self, text: str) -> str:
        """Return SQL over canonical scalars in braces as SQL over the fields of a packet."""
        return text.format_map({name: path for name, (path, _) in self.scalars.items() if path})

    def point_paths(self, name: str) -> tuple[str, str]:
        """Return the packet paths of the current and of the earlier values of a history."""
        point = self.points[name][0]
        return f"{self.current}.{point}", f"{self.history}.{point}"


# What ZTF and those who took over its packets write where there is no value.
FILLERS = (-999.0, -99.0)
# What they looked for around the alert: a filler says that there is none within the search radius.
NEIGHBOURS = frozenset(
    {
        *("sso_separation", "ref_separation", "gaia_separation", "gaia_mag"),
        *("gaia_bright_separation", "gaia_bright_mag", "ps1_separation", "ps1_separation_2", "ps1_separation_3"),
        *("ps1_g_mag", "ps1_r_mag", "ps1_i_mag", "ps1_z_mag", "ps1_r_mag_2", "ps1_r_mag_3"),
    }
)
ABSENT = ("", NUMBER)  # an input that other packets of the same modules carry, and these do not
# Catalogued host galaxy of the transient: magnitudes, photometric redshift, separation and size in arcsec.
HOST = (
    *("host_mag_u", "host_mag_g", "host_mag_r", "host_mag_i", "host_mag_z", "host_mag_y"),
    *("host_photoz", "host_photoz_err", "host_separation", "host_radius_sq"),
)


def inputs_of(survey: str) -> SurveyInputs:
    """Return the inputs of a survey.

    Raises
    ------
    SurveyError
        When there is no survey of that name.
    """
    from fink_lib.surveys.registry import get_survey  # noqa: PLC0415 - the surveys themselves import this file

    return get_survey(survey).inputs
