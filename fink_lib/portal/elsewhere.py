"""Where else a place or an object can be looked up. They are links: nothing is asked from here."""

from collections.abc import Mapping
from urllib.parse import quote

ARCSEC = 5
BY_PLACE: Mapping[str, str] = {
    "SIMBAD": "https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={ra}%20{dec}&Radius={arcsec}&Radius.unit=arcsec",
    "NED": "https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search&ra={ra}d&dec={dec}d"
    "&radius={arcmin}",
    "VizieR": "https://vizier.cds.unistra.fr/viz-bin/VizieR?-c={ra}%20{dec}&-c.rs={arcsec}",
    "VSX": "https://www.aavso.org/vsx/index.php?view=results.get&coords={ra}%20{dec}&format=d&size={arcsec}&unit=3",
    "TNS": "https://www.wis-tns.org/search?ra={ra}&decl={dec}&radius={arcsec}&coords_unit=arcsec",
    "Legacy Survey": "https://www.legacysurvey.org/viewer?ra={ra}&dec={dec}&zoom=15&layer=ls-dr10",
    "Pan-STARRS": "https://ps1images.stsci.edu/cgi-bin/ps1cutouts?pos={ra}%20{dec}&filter=color",
}


def elsewhere(links: Mapping[str, str], name: str, ra_deg: float, dec_deg: float) -> dict[str, str]:
    """Return addresses of other brokers and of archives: what they are called → address.

    Parameters
    ----------
    links
        Those of the survey, with ``{object}`` for the name of the object.
    name, ra_deg, dec_deg
        Which object, and where it is (ICRS).
    """
    facts = {"object": quote(name, safe=""), "ra": f"{ra_deg:.6f}", "dec": quote(f"{dec_deg:+.6f}"),
             "arcsec": ARCSEC, "arcmin": ARCSEC / 60}  # fmt: skip
    return {what: where.format(**facts) for what, where in {**links, **BY_PLACE}.items()}
