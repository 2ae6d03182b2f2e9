"""The neighbours that the packet itself names: Gaia and Pan-STARRS sources, with absent ones as null.

A packet that names no Pan-STARRS source within 30 arcsec lies in a hole of that catalogue: there are ten of them in
such a circle even at the Galactic poles. What is there is then not known, and ``ps1_shape`` is null.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.science.framework.base import ANY_SURVEY, NO_MATCH, Cost, Module, Output, Role, Values
from fink_lib.science.framework.batch import AlertBatch

Floats = npt.NDArray[Any]

PLACES = ("", "_2", "_3")
STAR_SCORE_MIN, GALAXY_SCORE_MAX = 0.76, 0.24  # Tachibana & Miller 2018; between them the score does not decide
COUNTERPART_ARCSEC = 1.5
STAR, GALAXY, UNCERTAIN = "star", "galaxy", "uncertain"


def present(values: Floats) -> Floats:
    """Return values with NaN where there is no neighbour, or a negative number that is none."""
    return np.where((values >= 0.0) & np.isfinite(values), values, np.nan)


def shape_of(separation: Floats, score: Floats) -> npt.NDArray[np.object_]:
    """Return what the nearest Pan-STARRS source looks like, within the counterpart radius; None where not known.

    Parameters
    ----------
    separation
        Of the nearest source, arcsec, one an alert; NaN where none is known.
    score
        Its star-galaxy score, 0 galaxy to 1 star; NaN where there is none.
    """
    near = separation <= COUNTERPART_ARCSEC
    choices = [np.isnan(separation), ~near, np.isnan(score), score >= STAR_SCORE_MIN, score <= GALAXY_SCORE_MAX]
    words = [np.array(word, dtype=object) for word in (None, NO_MATCH, None, STAR, GALAXY)]
    return np.select(choices, words, UNCERTAIN)


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return separation and brightness of each neighbour.

    Parameters
    ----------
    batch
        Alerts with the Gaia and Pan-STARRS neighbours of their packet.
    _resource
        Not used: nothing is loaded.
    """
    alert = batch.scalars
    found: dict[str, Values] = {
        "gaia_sep_arcsec": present(alert["gaia_separation"]),
        "gaia_mag": present(alert["gaia_mag"]),
        "gaia_bright_sep_arcsec": present(alert["gaia_bright_separation"]),
        "gaia_bright_mag": present(alert["gaia_bright_mag"]),
    }
    for place in PLACES:
        separation = present(alert[f"ps1_separation{place}"])
        found[f"ps1_sep_arcsec{place}"] = separation
        found[f"ps1_star_score{place}"] = np.where(
            np.isfinite(separation), present(alert[f"ps1_star_score{place}"]), np.nan
        )
    found["ps1_shape"] = shape_of(present(alert["ps1_separation"]), present(alert["ps1_star_score"]))
    return found


def _ps1_outputs() -> tuple[Output, ...]:
    return tuple(
        output
        for place, name in zip(PLACES, ("nearest", "second", "third"), strict=True)
        for output in (
            Output(f"ps1_sep_arcsec{place}", pa.float64(), "arcsec", f"Separation of the {name} Pan-STARRS source."),
            Output(f"ps1_star_score{place}", pa.float64(), "", "Its star-galaxy score: 0 galaxy, 1 star.", Role.SCORE),
        )
    )


MODULES = (
    Module(
        name="neighbours",
        version="1.1",
        meaning="Gaia and Pan-STARRS sources next to the alert, as the survey matched them.",
        reference="ZTF alert schema; star-galaxy score from Tachibana & Miller 2018, PASP 130, 128001",
        surveys=ANY_SURVEY,
        cost=Cost.CHEAP,
        scalars=(
            "gaia_bright_mag",
            "gaia_bright_separation",
            "gaia_mag",
            "gaia_separation",
            *(f"ps1_{what}{place}" for place in PLACES for what in ("separation", "star_score")),
        ),
        outputs=(
            Output("gaia_sep_arcsec", pa.float64(), "arcsec", "Separation of the nearest Gaia DR1 source."),
            Output("gaia_mag", pa.float64(), "mag", "Its G magnitude."),
            Output("gaia_bright_sep_arcsec", pa.float64(), "arcsec", "Separation of the nearest one above 14 mag."),
            Output("gaia_bright_mag", pa.float64(), "mag", "Its G magnitude."),
            *_ps1_outputs(),
            Output(
                "ps1_shape",
                pa.string(),
                "",
                f"{STAR}, {GALAXY} or {UNCERTAIN}; '{NO_MATCH}' if the nearest is beyond {COUNTERPART_ARCSEC} arcsec; "
                "null where the packet names none, or does not say what it is.",
            ),
        ),
        compute=compute,
    ),
)
