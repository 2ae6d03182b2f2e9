"""A catalogue made of the sky that real nights saw: a source beside the place of every fifth object."""

import json
from collections.abc import Iterable

import astropy.units as u
from astropy.coordinates import SkyCoord

from fink_lib.config import Settings
from fink_lib.lake.reading import read

CATALOG = "beside"
RADIUS_ARCSEC = 1.5
ASIDE_DEG = 0.8 / 3600
EVERY = 5
Place = tuple[float, float]
Matches = dict[str, set[int]]  # night → alerts with a source


def write_catalog(settings: Settings, without: int = 0) -> None:
    """Write the catalogue's file, some sources left out."""
    assert settings.catalogs is not None
    lines = [f"{ra!r},{dec!r},star" for ra, dec in sources(settings)[without:]]
    (settings.catalogs / f"{CATALOG}.csv").write_text("\n".join(["ra,dec,label", *lines]) + "\n")
    (settings.catalogs / f"{CATALOG}.json").write_text(json.dumps({"radius_arcsec": RADIUS_ARCSEC}))


def sources(settings: Settings) -> list[Place]:
    """Return the places of its sources."""
    rows = read("silver", "ztf", columns=["object_id", "ra", "dec"], lake=settings.lake).to_pylist()
    seen = {row["object_id"]: (row["ra"], row["dec"] + ASIDE_DEG) for row in sorted(rows, key=lambda row: row["ra"])}
    return [seen[name] for name in sorted(seen)][::EVERY]


def with_source(settings: Settings, nights: Iterable[str], without: int = 0) -> Matches:
    """Return, as astropy finds them, the alerts that have a source within the radius."""
    catalog = SkyCoord(sources(settings)[without:], unit=u.deg)
    found: Matches = {}
    for night in nights:
        rows = read("silver", "ztf", night=night, columns=["alert_id", "ra", "dec"], lake=settings.lake)
        alerts = SkyCoord(rows["ra"].to_numpy(), rows["dec"].to_numpy(), unit=u.deg)
        near = alerts.match_to_catalog_sky(catalog)[1].arcsec <= RADIUS_ARCSEC
        found[night] = {alert for alert, is_near in zip(rows["alert_id"].to_pylist(), near, strict=True) if is_near}
    return found
