"""What a page of the portal costs: each asked again and again by one person, as the whole of it arrives."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import httpx
import numpy as np

from fink_lib.bench.api_lake import CLASSES, FIRST_NIGHT, MadeLake
from fink_lib.surveys import Survey

ASKED, WARM = 24, 2
RADII_ARCSEC = {"5 arcsec": 5, "30 arcmin": 1800}
Address = Callable[[int], str]


def page_times(url: str, survey: Survey, made: MadeLake, seed: int) -> Iterator[tuple[str, list[float]]]:
    """Yield each page and the times in ms until the whole of it was there.

    Parameters
    ----------
    url
        Of the API, which serves the portal too.
    survey, made
        What its lake holds.
    seed
        Of what is asked for.
    """
    rng = np.random.default_rng(seed)
    with httpx.Client(base_url=url, timeout=60.0, follow_redirects=True) as http:
        for name, address in addresses(survey, made).items():
            numbers = rng.integers(0, len(made.ra_deg), WARM + ASKED).tolist()
            yield name, [_ms(http, address(number)) for number in numbers][WARM:]


def addresses(survey: Survey, made: MadeLake) -> dict[str, Address]:
    """Return the pages: name → address for the number of an object.

    Parameters
    ----------
    survey, made
        What the lake holds.
    """

    def around(radius_arcsec: int) -> Address:
        return lambda number: (
            "/cone?" + urlencode({"ra": made.ra_deg[number], "dec": made.dec_deg[number], "radius": radius_arcsec})
        )

    def same(path: str) -> Address:
        return lambda _: path

    return {
        "home": same("/"),
        "search of a name": lambda number: f"/search?q={made.name(number)}",
        "object": lambda number: f"/object/{survey.name}/{made.name(number)}",
        **{f"cone of {name}": around(radius) for name, radius in RADII_ARCSEC.items()},
        "common class": same("/class?" + urlencode({"name": CLASSES[0]})),
        "rare class": same("/class?" + urlencode({"name": CLASSES[-1]})),
        "nights": same("/nights"),
        "sky of a night": same(f"/sky/{survey.name}/{FIRST_NIGHT}"),
        "statistics": same("/statistics"),
        "filters": same("/filters"),
        "transfers": same("/transfers"),
        "schema": same("/schema"),
    }


def _ms(http: httpx.Client, address: str) -> float:
    since = time.perf_counter()
    http.get(address).raise_for_status()
    return (time.perf_counter() - since) * 1000
