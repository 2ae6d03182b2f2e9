"""Observatories that observations are asked of; the one list of sites, for follow-up and for the portal."""

from collections.abc import Mapping

from fink_lib.errors import ConfigError
from fink_lib.sky import Site
from fink_lib.surveys import SURVEYS

# Positions as the IAU's Minor Planet Center and the observatories give them
_OTHERS = (
    Site("Cerro Tololo", -70.8065, -30.1690, 2207.0),  # Blanco, LCO's lsc
    Site("Siding Spring", 149.0706, -31.2729, 1116.0),  # LCO's coj
    Site("Sutherland", 20.8101, -32.3806, 1460.0),  # SAAO, LCO's cpt
    Site("Haleakala", -156.2561, 20.7069, 3055.0),  # LCO's ogg
    Site("Maunakea", -155.4690, 19.8238, 4213.0),  # Gemini North
    Site("La Palma", -17.8921, 28.7606, 2326.0),
    Site("La Silla", -70.7377, -29.2567, 2400.0),
    Site("Haute-Provence", 5.7133, 43.9308, 650.0),
    Site("Calar Alto", -2.5463, 37.2236, 2168.0),
    Site("Apache Point", -105.82, 32.7806, 2788.0),
)

# Those of the surveys, whose nights end by them, come first: Cerro Pachon is Gemini South's and SOAR's too
SITES: Mapping[str, Site] = {
    site.name.lower().replace(" ", "-"): site
    for site in (*(survey.calendar.site for survey in SURVEYS.values()), *_OTHERS)
}


def site_of(name: str) -> Site:
    """Return an observatory.

    Raises
    ------
    ConfigError
        When there is none of that name.
    """
    if name not in SITES:
        raise ConfigError(f"there is no site '{name}': {', '.join(sorted(SITES))}")
    return SITES[name]
