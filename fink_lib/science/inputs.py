"""Which field of a packet feeds which canonical input; data, one table a survey.

A module asks for ``mag``; that this is ``magpsf`` in a ZTF packet is written here and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fink_lib.errors import SurveyError


class Reading(StrEnum):
    """How the values of a field become an array."""

    NUMBER = "number"  # float64, NaN for null
    TEXT = "text"  # object array, None for null
    BAND = "band"  # int8, place in BANDS, -1 for null or unknown
    SIGN = "sign"  # 1.0 for 't' and '1', 0.0 for 'f' and '0', NaN for null


BANDS = ("u", "g", "r", "i", "z", "y")
POSITIVE = ("t", "1", "true")

NUMBER, TEXT, BAND, SIGN = Reading.NUMBER, Reading.TEXT, Reading.BAND, Reading.SIGN


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
    time
        Canonical history that orders the points.
    forced
        Path of the array of forced photometry; empty where packets have none.
    forced_points
        Canonical name → (field of it, reading); `time` orders them.
    """

    alert_id: str
    scalars: Mapping[str, tuple[str, Reading]]
    current: str
    history: str
    points: Mapping[str, tuple[str, Reading]]
    stamps: Mapping[str, str]
    time: str = "time"
    forced: str = ""
    forced_points: Mapping[str, tuple[str, Reading]] = field(default_factory=dict)

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


ZTF_INPUTS = SurveyInputs(
    alert_id="candid",
    scalars={
        "object_id": ("objectId", TEXT),
        "time": ("candidate.jd", NUMBER),  # JD, UTC, days
        "ra": ("candidate.ra", NUMBER),  # deg
        "dec": ("candidate.dec", NUMBER),  # deg
        "band": ("candidate.fid", BAND),
        "n_detections": ("candidate.ndethist", NUMBER),  # detections within 1.5 arcsec since the survey began
        "first_time": ("candidate.jdstarthist", NUMBER),  # JD, UTC, days
        "sso_separation": ("candidate.ssdistnr", NUMBER),  # arcsec; -999 where no known object is near
        "ps1_separation": ("candidate.distpsnr1", NUMBER),  # arcsec
        "ps1_star_score": ("candidate.sgscore1", NUMBER),  # 0 galaxy, 1 star
        "real_bogus": ("candidate.rb", NUMBER),
        "deep_real_bogus": ("candidate.drb", NUMBER),
        "star_galaxy": ("candidate.classtar", NUMBER),
        "ref_separation": ("candidate.distnr", NUMBER),  # pixels
        "mag": ("candidate.magpsf", NUMBER),  # difference magnitude
        "mag_err": ("candidate.sigmapsf", NUMBER),
        "is_positive": ("candidate.isdiffpos", SIGN),
        "ref_mag": ("candidate.magnr", NUMBER),
        "ref_mag_err": ("candidate.sigmagnr", NUMBER),
        "n_bad_pixels": ("candidate.nbad", NUMBER),
        "fwhm_px": ("candidate.fwhm", NUMBER),
        "elongation": ("candidate.elong", NUMBER),
        "aperture_minus_psf": ("candidate.magdiff", NUMBER),  # mag
        "gaia_separation": ("candidate.neargaia", NUMBER),  # arcsec; absent neighbours are -999, here and below
        "gaia_mag": ("candidate.maggaia", NUMBER),
        "gaia_bright_separation": ("candidate.neargaiabright", NUMBER),  # arcsec; nearest one brighter than 14 mag
        "gaia_bright_mag": ("candidate.maggaiabright", NUMBER),
        "ps1_g_mag": ("candidate.sgmag1", NUMBER),
        "ps1_r_mag": ("candidate.srmag1", NUMBER),
        "ps1_i_mag": ("candidate.simag1", NUMBER),
        "ps1_z_mag": ("candidate.szmag1", NUMBER),
        "ps1_separation_2": ("candidate.distpsnr2", NUMBER),  # arcsec
        "ps1_star_score_2": ("candidate.sgscore2", NUMBER),
        "ps1_r_mag_2": ("candidate.srmag2", NUMBER),
        "ps1_separation_3": ("candidate.distpsnr3", NUMBER),  # arcsec
        "ps1_star_score_3": ("candidate.sgscore3", NUMBER),
        "ps1_r_mag_3": ("candidate.srmag3", NUMBER),
    },
    current="candidate",
    history="prv_candidates",
    points={
        "time": ("jd", NUMBER),
        "band": ("fid", BAND),
        "mag": ("magpsf", NUMBER),  # difference magnitude; null is an upper limit
        "mag_err": ("sigmapsf", NUMBER),
        "mag_limit": ("diffmaglim", NUMBER),
        "ref_mag": ("magnr", NUMBER),
        "ref_mag_err": ("sigmagnr", NUMBER),
        "ref_separation": ("distnr", NUMBER),  # pixels
        "is_positive": ("isdiffpos", SIGN),
        "ra": ("ra", NUMBER),
        "dec": ("dec", NUMBER),
    },
    stamps={
        "science": "cutoutScience.stampData",
        "template": "cutoutTemplate.stampData",
        "difference": "cutoutDifference.stampData",
    },
)

ABSENT = ("", NUMBER)  # an input that other packets of the same modules carry, and these do not
# Catalogued host galaxy of the transient: magnitudes, photometric redshift, separation and size in arcsec.
HOST = (
    *("host_mag_u", "host_mag_g", "host_mag_r", "host_mag_i", "host_mag_z", "host_mag_y"),
    *("host_photoz", "host_photoz_err", "host_separation", "host_radius_sq"),
)

LSST_INPUTS = SurveyInputs(
    alert_id="diaSourceId",
    scalars={
        "time": ("diaSource.midpointMjdTai", NUMBER),  # MJD, TAI, days
        "ra": ("diaSource.ra", NUMBER),
        "dec": ("diaSource.dec", NUMBER),
        "band": ("diaSource.band", BAND),
        "n_detections": ("diaObject.nDiaSources", NUMBER),
        "flux": ("diaSource.psfFlux", NUMBER),  # nJy
        "template_flux": ("diaSource.templateFlux", NUMBER),  # nJy
        "template_flux_err": ("diaSource.templateFluxErr", NUMBER),  # nJy
        "sso_source": ("ssSource.diaSourceId", TEXT),  # kept as it is: its digits exceed a float's
        "sso_offset": ("ssSource.ephOffset", NUMBER),  # arcsec
        **dict.fromkeys(HOST, ABSENT),
    },
    current="diaSource",
    history="prvDiaSources",
    points={
        "time": ("midpointMjdTai", NUMBER),
        "band": ("band", BAND),
        "flux": ("psfFlux", NUMBER),  # nJy
        "flux_err": ("psfFluxErr", NUMBER),  # nJy
        "ra": ("ra", NUMBER),
        "dec": ("dec", NUMBER),
    },
    forced="prvDiaForcedSources",
    forced_points={
        "time": ("midpointMjdTai", NUMBER),
        "band": ("band", BAND),
        "flux": ("psfFlux", NUMBER),  # nJy, negative where the source is below its template
        "flux_err": ("psfFluxErr", NUMBER),  # nJy
    },
    stamps={"science": "cutoutScience", "template": "cutoutTemplate", "difference": "cutoutDifference"},
)

INPUTS: Mapping[str, SurveyInputs] = {"ztf": ZTF_INPUTS, "lsst": LSST_INPUTS}


def inputs_of(survey: str) -> SurveyInputs:
    """Return the inputs of a survey.

    Raises
    ------
    SurveyError
        When no table is written for it.
    """
    try:
        return INPUTS[survey]
    except KeyError:
        raise SurveyError(f"no science inputs for survey '{survey}': add a table to science/inputs.py") from None
