"""How cutouts are drawn on a page: the stretch of the grey values, and which of them are black and white."""

from collections.abc import Mapping
from typing import get_args

from fink_lib.api.http.parameters import Cutout, understood

NAMES = ("stretch", "pmin", "pmax")
STRETCHES: tuple[str, ...] = get_args(Cutout.model_fields["stretch"].annotation)


def cuts_of(said: Mapping[str, str]) -> dict[str, str]:
    """Return what an address says of them; the API's own where it says nothing.

    Raises
    ------
    Refused
        When the API would not draw that.
    """
    given = {name: said[name] for name in NAMES if said.get(name)}
    understood(Cutout, {"kind": "Science", "alert": "0", **given})
    return given
