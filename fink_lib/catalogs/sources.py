"""Which catalogue files there are: those that installed packages carry, and those of a folder that the settings name.

A file of the folder takes the place of a packaged catalogue of the same name: that is how a newer one is delivered.
"""

import json
import logging
import re
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from fink_lib.catalogs.loader import CATALOGS, CatalogSource, catalog_file
from fink_lib.errors import ConfigError

logger = logging.getLogger(__name__)

NAME = re.compile(r"[a-z0-9_]+")
SUFFIXES = (".parquet", ".csv", ".fits")
RADIUS_ARCSEC = 1.5
# Beyond this, "the nearest" says little, and cells of the sky would have to be larger.
LARGEST_ARCSEC = 1800.0


@dataclass(frozen=True)
class CatalogFile:
    """One catalogue as a file.

    Attributes
    ----------
    name
        Short lower-case name: letters, digits and underscores.
    paths
        Its files, all of the same columns.
    ra, dec
        Columns of the position (ICRS): degrees, or sexagesimal text with right ascension in hours.
    label
        Column of the text that a match returns.
    source_id
        Column of the source's own name, empty where it has none.
    radius_arcsec
        Radius within which an alert is a match.
    version
        What the one who publishes it calls it.
    reference
        What to cite.
    """

    name: str
    paths: tuple[Path, ...]
    ra: str = "ra"
    dec: str = "dec"
    label: str = "label"
    source_id: str = ""
    radius_arcsec: float = RADIUS_ARCSEC
    version: str = ""
    reference: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are read, each once."""
        return tuple(dict.fromkeys(name for name in (self.ra, self.dec, self.label, self.source_id) if name))


DESCRIBED = ("ra", "dec", "label", "source_id", "radius_arcsec", "version", "reference")

# Those that only tables need; the science modules' own are in `loader.CATALOGS`. Radii are those of Fink's crossmatch.
PACKAGED = (
    CatalogFile(
        name="mangrove",
        paths=(Path("fink_science/data/catalogs/mangrove_filtered.parquet"),),
        label="2MASS_name",
        source_id="HyperLEDA_name",
        radius_arcsec=60.0,
        reference="Mangrove, Ducoin et al. 2020, MNRAS 492, 4768",
    ),
    CatalogFile(
        name="3hsp",
        paths=(Path("fink_science/data/catalogs/3hsp.csv"),),
        ra="R.A.",
        dec="Dec",
        label="3HSP Source name",
        source_id="3HSP Source name",
        radius_arcsec=60.0,
        reference="3HSP, Chang et al. 2019, A&A 632, A77",
    ),
    CatalogFile(
        name="4lac",
        paths=tuple(Path(f"fink_science/data/catalogs/table-4LAC-DR3-{half}.fits") for half in "hl"),
        ra="RA_Counterpart",  # the gamma-ray position itself is known to some arcmin only
        dec="DEC_Counterpart",
        label="CLASS",
        source_id="Source_Name",
        radius_arcsec=60.0,
        reference="4LAC-DR3, Ajello et al. 2022, ApJS 263, 24",
    ),
)


def known_files(folder: Path | None) -> dict[str, CatalogFile]:
    """Return every catalogue that can be loaded, by name: packaged ones, then those of a folder over them.

    Raises
    ------
    ConfigError
        When the folder is missing, or a description in it cannot be read.
    """
    found = {name: _of_module(source) for name, source in CATALOGS.items()}
    found |= {file.name: _installed(file) for file in PACKAGED if file.name not in found}
    if folder is None:
        return found
    if not folder.is_dir():
        raise ConfigError(f"FINK_CATALOGS={folder} is no folder: make it, or unset the variable")
    for path in sorted(folder.iterdir()):
        if path.suffix not in SUFFIXES:
            continue
        if not NAME.fullmatch(path.stem):  # the science modules keep files of other names in the same folder
            logger.info("catalogue file left out path=%s: its name is not of a-z, 0-9 and _", path)
            continue
        found[path.stem] = _of_folder(path, found.get(path.stem))
    return found


def _of_module(source: CatalogSource) -> CatalogFile:
    return CatalogFile(
        name=source.name,
        paths=(catalog_file(source),),
        ra=source.ra,
        dec=source.dec,
        label=source.label,
        version=f"{source.package} {metadata.version(source.package)}",
        reference=source.reference,
    )


def _installed(file: CatalogFile) -> CatalogFile:
    package = "fink-science"
    sources = [CatalogSource(file.name, package, str(path), file.ra, file.dec, file.label, "") for path in file.paths]
    paths = tuple(catalog_file(source) for source in sources)
    return replace(file, paths=paths, version=f"{package} {metadata.version(package)}")


def _of_folder(path: Path, packaged: CatalogFile | None) -> CatalogFile:
    """Describe a file: by the ``.json`` beside it, else like the packaged one, else by the plain column names."""
    described = path.with_suffix(".json")
    known = packaged or CatalogFile(name=path.stem, paths=())
    facts = _facts(described) if described.exists() else {}
    for key, value in facts.items():
        if key not in DESCRIBED or not isinstance(value, (int, float) if key == "radius_arcsec" else str):
            raise ConfigError(f"catalogue description {described}: {key}={value!r}; it may hold {', '.join(DESCRIBED)}")
    found = replace(known, **{"version": "", **facts, "name": path.stem, "paths": (path,)})
    if not 0 < found.radius_arcsec <= LARGEST_ARCSEC:
        raise ConfigError(f"catalogue '{path.stem}': radius_arcsec={found.radius_arcsec} is not in 0-{LARGEST_ARCSEC}")
    return found


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text())
    except ValueError as error:
        raise ConfigError(f"catalogue description {path} is not JSON: {error}") from error
    if not isinstance(facts, dict):
        raise ConfigError(f"catalogue description {path} is not a JSON object")
    return facts
