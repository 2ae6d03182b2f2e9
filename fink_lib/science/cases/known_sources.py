"""Nearest source of each small catalogue, for every alert: one module a catalogue, all from one table.

A catalogue whose file is not on this machine leaves its columns null, and ``science_errors`` says so.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.catalogs import KNOWN, Catalog, load_catalog
from fink_lib.config import Settings
from fink_lib.science.framework.base import ANY_SURVEY, NO_MATCH, Cost, Module, ModuleResult, Output, Role, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.sky import on_sphere

# What Fink publishes in `tns` where there is no classified transient, so that its filters go on working.
NO_TNS = ""
# What Fink publishes inside `mangrove` where there is no value.
NO_VALUE = "None"


@dataclass(frozen=True)
class Match:
    """One catalogue and the columns that a match fills.

    Attributes
    ----------
    catalog
        Key of `KNOWN`.
    column, meaning
        Column with the label of the nearest source, and what it says.
    missing
        What the label says where there is none.
    prefix
        Start of the name of the separation's column, where that is not the label's.
    role
        What the labels are.
    texts, numbers
        Column → (name in the catalogue, unit, meaning); a text has its role in place of the unit.
    extra
        Further outputs, and the function that fills them from the catalogue and the matched rows.
    """

    catalog: str
    column: str
    meaning: str
    missing: str = NO_MATCH
    prefix: str = ""
    role: Role = Role.NAME
    texts: tuple[tuple[str, str, Role, str], ...] = ()
    numbers: tuple[tuple[str, str, str, str], ...] = ()
    extra: tuple[Output, ...] = ()
    fill: Callable[[Catalog, Any], Mapping[str, Values]] | None = None

    @property
    def separation(self) -> str:
        """Column with the separation."""
        return f"{self.prefix or self.column}_sep_arcsec"


def mangrove_as_fink_publishes_it(catalog: Catalog, rows: Any) -> Mapping[str, Values]:
    """Return the four values of the nearest galaxy as the map of texts that Fink's clients read.

    Parameters
    ----------
    catalog
        Mangrove.
    rows
        Row of the nearest galaxy, one an alert; -1 for none.
    """
    columns = {
        "HyperLEDA_name": catalog.label_of(rows, ""),
        "2MASS_name": catalog.texts_of("twomass_name", rows, ""),
        "lum_dist": _as_text(catalog.numbers_of("lum_dist_mpc", rows)),
        "ang_dist": _as_text(catalog.numbers_of("ang_dist_mpc", rows)),
    }
    names = list(columns)
    keys = pa.array(names * len(rows), type=pa.string())
    values = pa.array(
        [text or NO_VALUE for row in zip(*columns.values(), strict=True) for text in row], type=pa.string()
    )
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * len(names)
    return {"mangrove": pa.MapArray.from_arrays(pa.array(offsets), keys, values)}


def _as_text(numbers: Any) -> list[str]:
    return ["" if np.isnan(number) else repr(float(number)) for number in numbers]


MATCHES = (
    Match("3hsp", "x3hsp", "Name of the nearest blazar of 3HSP"),
    Match(
        "4lac",
        "x4lac",
        "Name of the source of 4LAC-DR3 whose associated counterpart is nearest",
        texts=(("x4lac_class", "class", Role.LABEL, "Its class: bll, fsrq, bcu, …; capitals are firm associations."),),
    ),
    Match(
        "mangrove",
        "mangrove_name",
        "HyperLEDA name of the nearest galaxy of Mangrove; empty for one without such a name",
        prefix="mangrove",
        numbers=(
            ("mangrove_lum_dist_mpc", "lum_dist_mpc", "Mpc", "Its luminosity distance."),
            ("mangrove_ang_dist_mpc", "ang_dist_mpc", "Mpc", "Its angular-diameter distance."),
        ),
        extra=(
            Output(
                "mangrove",
                pa.map_(pa.string(), pa.string()),
                "",
                f"The galaxy as Fink publishes it: names and distances (Mpc) as texts, '{NO_VALUE}' for none.",
            ),
        ),
        fill=mangrove_as_fink_publishes_it,
    ),
    Match(
        "spicy", "spicy_class", "Class of the nearest young stellar object of SPICY", prefix="spicy", role=Role.LABEL
    ),
    Match(
        "symbiotic_cv",
        "symbiotic_cv",
        "Name of the nearest symbiotic or cataclysmic star",
        texts=(("symbiotic_cv_kind", "kind", Role.LABEL, "Which of the two lists it stands in."),),
    ),
    Match("magnetic_cv", "magnetic_cv", "Name of the nearest magnetic cataclysmic variable"),
    Match("tde", "tde", "Name of the nearest known tidal disruption event"),
    Match(
        "dwarf_agn",
        "dwarf_agn",
        "MaNGA id of the nearest dwarf galaxy with an active nucleus, within its effective radius",
        numbers=(("dwarf_agn_redshift", "redshift", "", "Its redshift."),),
    ),
    Match(
        "tns",
        "tns",
        "Type of the nearest classified transient of the Transient Name Server",
        missing=NO_TNS,
        role=Role.LABEL,
        texts=(("tns_classified", "fullname", Role.NAME, "Its name."),),
    ),
    # Most entries are reports without a type (AT): they are transients of the server all the same.
    Match(
        "tns_entries",
        "tns_fullname",
        "Name of the nearest entry of the Transient Name Server, with a type or without",
        texts=(("tns_entry_type", "type", Role.LABEL, "Its type, empty for an entry without."),),
        numbers=(("tns_redshift", "redshift", "", "Its redshift."),),
    ),
)


def folder_of(catalog: str) -> Path | None:
    """Return where the settings say that a catalogue's file is."""
    settings = Settings()
    return settings.tns_snapshot if catalog.startswith("tns") and settings.tns_snapshot else settings.catalogs


def load(cache: Path, name: str) -> Catalog:
    """Open one catalogue.

    Parameters
    ----------
    cache
        Folder of what is built from the catalogue's file.
    name
        A key of `KNOWN`.

    Raises
    ------
    ConfigError
        When the catalogue's file is not on this machine, or cannot be read.
    LakeError
        When the arrays that were built from it are damaged.
    """
    return load_catalog(name, cache, folder_of(name))


def provenance(catalog: Catalog) -> dict[str, str]:
    """Name the version of the catalogue and the start of its file's sha256."""
    return {f"catalog.{catalog.facts.name}": f"{catalog.facts.version} {catalog.facts.sha256[:12]}"}


def unplaced(batch: AlertBatch) -> tuple[npt.NDArray[np.bool_], str]:
    """Return the alerts that cannot be looked up, and why."""
    return ~on_sphere(batch.scalars["ra"], batch.scalars["dec"]), "the position is not known"


def compute(batch: AlertBatch, catalog: Any, match: Match) -> ModuleResult:
    """Match every alert with its nearest source; several alerts on one source all get it.

    Parameters
    ----------
    batch
        Alerts with their place (deg); one that has none is told so.
    catalog
        What `load` returns.
    match
        The columns to fill from it.
    """
    rows, separation = catalog.nearest(batch.scalars["ra"], batch.scalars["dec"])
    found: dict[str, Values] = {
        match.column: catalog.label_of(rows, match.missing),
        match.separation: separation,
    }
    found |= {column: catalog.texts_of(name, rows, NO_MATCH) for column, name, _, _ in match.texts}
    found |= {column: catalog.numbers_of(name, rows) for column, name, _, _ in match.numbers}
    more = {} if match.fill is None else match.fill(catalog, rows)
    return ModuleResult({**found, **more}, [unplaced(batch)])


def _outputs(match: Match) -> tuple[Output, ...]:
    radius = KNOWN[match.catalog].radius_arcsec
    return (
        Output(
            match.column,
            pa.string(),
            "",
            f"{match.meaning}; '{match.missing}' where none is within {radius:g} arcsec.",
            match.role,
        ),
        Output(match.separation, pa.float64(), "arcsec", "Separation from it; null where there is none."),
        *(
            Output(name, pa.string(), "", f"{meaning[:-1]}; '{NO_MATCH}' for none.", role)
            for name, _, role, meaning in match.texts
        ),
        *(Output(name, pa.float64(), unit, meaning) for name, _, unit, meaning in match.numbers),
        *match.extra,
    )


def _module(match: Match) -> Module:
    source = KNOWN[match.catalog]
    return Module(
        name=f"crossmatch_{match.catalog}",
        version="1.1",
        meaning=f"{match.meaning}, for every alert.",
        reference=source.reference,
        surveys=ANY_SURVEY,
        cost=Cost.CHEAP,
        scalars=("ra", "dec"),
        outputs=_outputs(match),
        compute=functools.partial(compute, match=match),
        load=functools.partial(load, name=match.catalog),
        provenance=provenance,
    )


MODULES = tuple(_module(match) for match in MATCHES)
