"""Where an alert stands: one class by one table of rules, the first that holds, with the column that decided.

It tells the place and not what the alert is: a supernova is likely `near a host`, but not all that is there is one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Flags = npt.NDArray[np.bool_]
Facts = Mapping[str, npt.NDArray[Any]]

AT_PLACE_ARCSEC = 1.5
NUCLEUS_ARCSEC = 1.0
BLAZAR_ARCSEC, TDE_ARCSEC = 2.0, 2.0  # of optical counterparts; the catalogues' own radii are those of other messengers
CHANCE_MAX = 0.05
HOST_KPC = 30.0
REFERENCE_PIXELS = 1.5
TEMPLATE_SIGMA = 3.0


class Context(StrEnum):
    """The classes."""

    SOLAR_SYSTEM = "solar system"
    TRANSIENT = "known transient"
    AGN = "AGN"
    VARIABLE_STAR = "variable star"
    ARTEFACT = "bright-star artefact"
    NUCLEAR = "nuclear"
    NEAR_HOST = "near a host"
    ORPHAN = "orphan"
    UNCATALOGUED = "uncatalogued"


@dataclass(frozen=True)
class ContextRule:
    """A class, and when an alert may bear it.

    Attributes
    ----------
    name
        Of the rule.
    context
        The class.
    column
        The column that decides.
    meaning
        The rule in words, thresholds included.
    holds
        From facts to flags; a fact that is missing (NaN, false) never makes a rule hold.
    needs
        The facts that it reads: for surveys that lack one, the rule is not there.
    """

    name: str
    context: Context
    column: str
    meaning: str
    holds: Callable[[Facts], Flags]
    needs: tuple[str, ...]


def _flag(name: str) -> Callable[[Facts], Flags]:
    return lambda facts: np.asarray(facts[name], dtype=bool)


def _within(name: str, radius: float) -> Callable[[Facts], Flags]:
    return lambda facts: np.asarray(facts[name] <= radius)


def _equals(name: str, value: float) -> Callable[[Facts], Flags]:
    return lambda facts: np.asarray(facts[name] == value)


def _rule(
    context: Context, name: str, column: str, meaning: str, holds: Callable[[Facts], Flags], *needs: str
) -> ContextRule:
    return ContextRule(name, context, column, meaning, holds, needs)


def _flagged(context: Context, name: str, column: str, meaning: str, fact: str) -> ContextRule:
    return _rule(context, name, column, meaning, _flag(fact), fact)


def _close(context: Context, name: str, column: str, radius: float, meaning: str) -> ContextRule:
    return _rule(context, name, column, f"{meaning} within {radius:g} arcsec.", _within(column, radius), column)


def _spoilt(facts: Facts) -> Flags:
    """Return where a bright star is near, and no source that may itself vary stands at the place; not in a hole."""
    return np.asarray((facts["brightstar"] == 1.0) & (facts["ps1_sep_arcsec"] > AT_PLACE_ARCSEC))


def _alone(facts: Facts) -> Flags:
    """Return where Pan-STARRS, the reference and Gaia show nothing, and no host is near."""
    empty = facts["nothing_at_place"] & (facts["ref_separation"] > REFERENCE_PIXELS)
    return np.asarray(empty & (facts["gaia_separation"] > AT_PLACE_ARCSEC) & (facts["host_chance"] > CHANCE_MAX))


C = Context
# In order of precedence: what moves, what a catalogue names, what spoils, what stands near, what is empty.
RULES: tuple[ContextRule, ...] = (
    _rule(C.SOLAR_SYSTEM, "known asteroid", "roid", "`roid` is 3.", _equals("roid", 3.0), "roid"),
    _rule(C.SOLAR_SYSTEM, "moving candidate", "roid", "`roid` is 2.", _equals("roid", 2.0), "roid"),
    _rule(C.SOLAR_SYSTEM, "named by the packet", "is_sso", "`is_sso` is true.", _equals("is_sso", 1.0), "is_sso"),
    _flagged(C.TRANSIENT, "classified by TNS", "tns", "TNS has a type for it.", "tns_type"),
    _close(C.TRANSIENT, "known disruption", "tde_sep_arcsec", TDE_ARCSEC, "A known tidal disruption event"),
    _flagged(C.TRANSIENT, "SIMBAD: supernova", "cdsxmatch", "SIMBAD calls it a supernova.", "simbad_transient"),
    _flagged(C.AGN, "SIMBAD: AGN", "cdsxmatch", "SIMBAD names an active nucleus.", "simbad_agn"),
    _flagged(C.VARIABLE_STAR, "SIMBAD: star", "cdsxmatch", "SIMBAD names a star.", "simbad_star"),
    _close(C.AGN, "4LAC", "x4lac_sep_arcsec", BLAZAR_ARCSEC, "The counterpart of a gamma-ray blazar"),
    _close(C.AGN, "3HSP", "x3hsp_sep_arcsec", BLAZAR_ARCSEC, "A blazar of 3HSP"),
    _close(C.AGN, "dwarf AGN", "dwarf_agn_sep_arcsec", BLAZAR_ARCSEC, "The nucleus of an active dwarf galaxy"),
    _flagged(C.AGN, "VSX: AGN", "vsx", "VSX has an active nucleus within 1.5 arcsec.", "vsx_agn"),
    _flagged(C.AGN, "GCVS: AGN", "gcvs", "GCVS has an active nucleus within 1.5 arcsec.", "gcvs_agn"),
    _flagged(C.VARIABLE_STAR, "VSX", "vsx", "VSX has a variable star within 1.5 arcsec.", "vsx_star"),
    _flagged(C.VARIABLE_STAR, "GCVS", "gcvs", "GCVS has a variable star within 1.5 arcsec.", "gcvs_star"),
    _close(C.VARIABLE_STAR, "magnetic CV", "magnetic_cv_sep_arcsec", AT_PLACE_ARCSEC, "A magnetic CV"),
    _close(C.VARIABLE_STAR, "symbiotic or CV", "symbiotic_cv_sep_arcsec", AT_PLACE_ARCSEC, "A symbiotic star or CV"),
    _close(C.VARIABLE_STAR, "SPICY", "spicy_sep_arcsec", AT_PLACE_ARCSEC, "A young stellar object of SPICY"),
    _rule(
        C.ARTEFACT,
        "next to a bright star",
        "brightstar",
        f"`brightstar` is true, and no Pan-STARRS source is within {AT_PLACE_ARCSEC:g} arcsec.",
        _spoilt,
        *("brightstar", "ps1_sep_arcsec"),
    ),
    _flagged(
        C.VARIABLE_STAR, "star of Pan-STARRS", "ps1_shape", "The Pan-STARRS source at the place is a star.", "ps1_star"
    ),
    _rule(
        C.NUCLEAR,
        "centre of a galaxy",
        "ps1_sep_arcsec",
        f"A galaxy of Pan-STARRS within {NUCLEUS_ARCSEC:g} arcsec.",
        _within("galaxy_sep_arcsec", NUCLEUS_ARCSEC),
        "galaxy_sep_arcsec",
    ),
    _close(C.NUCLEAR, "centre of a Mangrove galaxy", "mangrove_sep_arcsec", NUCLEUS_ARCSEC, "A galaxy of Mangrove"),
    _flagged(C.NUCLEAR, "SIMBAD: galaxy", "cdsxmatch", "SIMBAD names a galaxy within 1 arcsec.", "simbad_galaxy"),
    _rule(
        C.NEAR_HOST,
        "near a Mangrove galaxy",
        "mangrove_sep_arcsec",
        f"A galaxy of Mangrove within {HOST_KPC:g} kpc, projected at its distance.",
        _within("mangrove_kpc", HOST_KPC),
        "mangrove_kpc",
    ),
    _rule(
        C.NEAR_HOST,
        "near a galaxy of Pan-STARRS",
        "host_chance",
        f"A galaxy of Pan-STARRS so near and bright that chance gives one in at most {100 * CHANCE_MAX:g} % of places.",
        _within("host_chance", CHANCE_MAX),
        "host_chance",
    ),
    _rule(
        C.ORPHAN,
        "nothing in Pan-STARRS and the reference",
        "ps1_shape",
        f"No source of Pan-STARRS or Gaia within {AT_PLACE_ARCSEC:g} arcsec, none of the reference image within "
        f"{REFERENCE_PIXELS:g} pixels, and no host near.",
        _alone,
        *("nothing_at_place", "ref_separation", "gaia_separation", "host_chance"),
    ),
    _rule(
        C.ORPHAN,
        "nothing in the template",
        "template_flux",
        f"The flux of the template is below {TEMPLATE_SIGMA:g} times its error, and no rule above holds.",
        lambda facts: np.asarray(facts["template_snr"] < TEMPLATE_SIGMA),
        "template_snr",
    ),
)


@dataclass(frozen=True)
class Decided:
    """What the rules say of a batch.

    Attributes
    ----------
    context, rule, column
        Class, name of the first rule that holds and the column that decided; rule and column null where none holds.
    held
        Names of all rules that hold, in order of precedence.
    """

    context: pa.Array
    rule: pa.Array
    column: pa.Array
    held: pa.Array


def decide(facts: Facts, count: int) -> Decided:
    """Apply the table.

    Parameters
    ----------
    facts
        By name, one value an alert; those that a survey cannot have are missing.
    count
        Number of alerts.
    """
    rules = [rule for rule in RULES if all(need in facts for need in rule.needs)]
    held = np.empty((count, len(rules)), dtype=bool)
    for place, rule in enumerate(rules):
        held[:, place] = rule.holds(facts)
    first = np.where(held.any(axis=1), held.argmax(axis=1), len(rules)).astype(np.int32)
    names = pa.array([rule.name for rule in rules], type=pa.string())
    rows, places = np.nonzero(held)
    offsets = pa.array(np.searchsorted(rows, np.arange(count + 1)).astype(np.int32))
    return Decided(
        _words([*(str(rule.context) for rule in rules), str(Context.UNCATALOGUED)], first),
        _words([*(rule.name for rule in rules), None], first),
        _words([*(rule.column for rule in rules), None], first),
        pa.ListArray.from_arrays(offsets, names.take(pa.array(places))),
    )


def _words(words: Sequence[str | None], places: npt.NDArray[np.int32]) -> pa.Array:
    return pa.array(words, type=pa.string()).take(pa.array(places))
