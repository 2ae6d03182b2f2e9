"""Where the alert stands, by all catalogues at once: one class, the rule that gave it, and the column that decided.

The class is that of the first rule that holds:

{rules}

Where none holds the place is `uncatalogued`: a source is there of which no catalogue says what it is, or none was
looked at. SIMBAD's rules hold only where its answer is given (`cdsxmatch`). What is missing never makes a rule hold.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.science.cases.neighbours import GALAXY_SCORE_MAX, PLACES, STAR, present
from fink_lib.science.framework.base import NO_MATCH, Cost, Module, Output, Role, Values
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.classify.context import RULES, Context, Facts, decide
from fink_lib.science.methods.classify.simbad_kinds import Kind, kind_of
from fink_lib.science.methods.classify.variables import is_of_other_galaxies, is_variable_star
from fink_lib.science.methods.host_chance import chance_of_host

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

ARCSEC_PER_RADIAN = 206264.806
KPC_PER_MPC = 1000.0
SEPARATIONS = (
    *("tde_sep_arcsec", "x4lac_sep_arcsec", "x3hsp_sep_arcsec", "dwarf_agn_sep_arcsec", "mangrove_sep_arcsec"),
    *("magnetic_cv_sep_arcsec", "symbiotic_cv_sep_arcsec", "spicy_sep_arcsec"),
)
# What every survey has: its positions are matched with the catalogues of this machine.
CATALOGUES = (*SEPARATIONS, "mangrove_ang_dist_mpc", "vsx", "gcvs", "tns")
SIMBAD = {"simbad_transient": Kind.TRANSIENT, "simbad_agn": Kind.AGN, "simbad_star": Kind.STAR}
SIMBAD |= {"simbad_galaxy": Kind.GALAXY}
__doc__ = (__doc__ or "").format(
    rules="\n".join(
        f"{number}. **{rule.context}**, {rule.name} (`{rule.column}`): {rule.meaning}"
        for number, rule in enumerate(RULES, 1)
    )
)


def compute(batch: AlertBatch, _resource: Any) -> Mapping[str, Values]:
    """Return class, rule, column and all rules that hold.

    Parameters
    ----------
    batch
        Alerts with their neighbours and with the results of the catalogues, SIMBAD's where it was asked.
    _resource
        Not used: nothing is loaded.
    """
    facts = {**catalogue_facts(batch), **neighbour_facts(batch)}
    return {**context_columns(facts, len(batch)), "host_chance": facts["host_chance"]}


def context_columns(facts: Facts, count: int) -> dict[str, Values]:
    """Return what the table of rules says, under the names of the columns.

    Parameters
    ----------
    facts
        Name of a fact → its values, one an alert.
    count
        Number of alerts.
    """
    decided = decide(facts, count)
    return {
        "context_class": decided.context,
        "context_rule": decided.rule,
        "context_column": decided.column,
        "context_rules": decided.held,
    }


def catalogue_facts(batch: AlertBatch) -> dict[str, npt.NDArray[Any]]:
    """Return what the catalogues of this machine say, and SIMBAD where its answer is given."""
    found: dict[str, npt.NDArray[Any]] = {name: numbers(batch, name) for name in SEPARATIONS}
    angle = found["mangrove_sep_arcsec"] / ARCSEC_PER_RADIAN
    found["mangrove_kpc"] = angle * numbers(batch, "mangrove_ang_dist_mpc") * KPC_PER_MPC
    for name in ("vsx", "gcvs"):
        found[f"{name}_star"] = _where(batch, name, is_variable_star)
        found[f"{name}_agn"] = _where(batch, name, is_active)
    found["tns_type"] = _where(batch, "tns", bool)
    if "cdsxmatch" in batch.results:
        for name, kind in SIMBAD.items():
            found[name] = _where(batch, "cdsxmatch", partial(_is_kind, kind))
    return found


def neighbour_facts(batch: AlertBatch) -> dict[str, npt.NDArray[Any]]:
    """Return what the packet says of Pan-STARRS, Gaia and the reference image."""
    alert = batch.scalars
    galaxy_sep, chance = np.full(len(batch), np.inf), np.ones(len(batch))
    for place in PLACES:
        separation, score = alert[f"ps1_separation{place}"], present(alert[f"ps1_star_score{place}"])
        separation = np.where(separation < 0.0, np.nan, separation)
        is_galaxy = (score <= GALAXY_SCORE_MAX) & np.isfinite(separation)
        galaxy_sep = np.fmin(galaxy_sep, np.where(is_galaxy, separation, np.inf))
        one = chance_of_host(np.where(is_galaxy, separation, np.inf), alert[f"ps1_r_mag{place}"])
        unknown = np.isnan(separation) | (np.isfinite(separation) & np.isnan(score))
        chance = np.minimum(chance, np.where(unknown, np.nan, one))  # one that is not known leaves the least unknown
    return {
        "roid": numbers(batch, "roid"),
        "brightstar": numbers(batch, "brightstar"),
        "gaia_separation": alert["gaia_separation"],  # infinite where none is: the output has null for that too
        "ps1_sep_arcsec": numbers(batch, "ps1_sep_arcsec"),
        "ps1_star": _where(batch, "ps1_shape", STAR.__eq__),
        "nothing_at_place": _where(batch, "ps1_shape", NO_MATCH.__eq__),
        "ref_separation": alert["ref_separation"],
        "galaxy_sep_arcsec": galaxy_sep,
        "host_chance": chance,
    }


def _is_kind(kind: Kind, label: str) -> bool:
    return kind_of(label) is kind


def is_active(kind: str) -> bool:
    """Tell whether a type of VSX or GCVS is that of an active nucleus."""
    return kind != NO_MATCH and is_of_other_galaxies(kind) and not kind.strip().upper().startswith(("SN", "GAL"))


def _where(batch: AlertBatch, name: str, holds: Any) -> Flags:
    """Return where a text fulfils something, asked once for each of the words; a null does not."""
    coded = batch.results[name].dictionary_encode()
    answers = np.array([*(bool(holds(word)) for word in coded.dictionary.to_pylist()), False], dtype=bool)
    places = pc.fill_null(coded.indices, len(answers) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(answers[places])


def numbers(batch: AlertBatch, name: str) -> Floats:
    """Return an output of another module as numbers, NaN for null.

    Parameters
    ----------
    batch
        Alerts with the results of modules that ran before.
    name
        Column among those results; of a type that Arrow casts to float64.
    """
    return np.asarray(pc.cast(batch.results[name], pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


_CLASSES = ", ".join(Context)
OUTPUTS = (
    Output("context_class", pa.string(), "", f"Where the alert stands; one of: {_CLASSES}."),
    Output("context_rule", pa.string(), "", "Rule that gave the class, the first that held; null for uncatalogued."),
    Output("context_column", pa.string(), "", "Column that decided by that rule; null for uncatalogued."),
    Output("context_rules", pa.list_(pa.string()), "", "All rules that held, in order of precedence."),
)
REFERENCE = "table of rules in fink_lib/science/methods/classify/context.py"

MODULES = (
    Module(
        name="context",
        version="1.0",
        meaning="Where the alert stands by all catalogues: near a host, on a nucleus or star, or on nothing.",
        reference=f"{REFERENCE}; chance of a host: Bloom, Kulkarni & Djorgovski 2002, AJ 123, 1111",
        surveys=("ztf",),
        cost=Cost.CHEAP,
        scalars=(
            *("gaia_separation", "ref_separation"),
            *(f"ps1_{what}{place}" for place in PLACES for what in ("separation", "star_score", "r_mag")),
        ),
        needs=("roid", "brightstar", "ps1_sep_arcsec", "ps1_shape", *CATALOGUES),
        optional=("cdsxmatch",),
        outputs=(
            *OUTPUTS,
            Output(
                "host_chance",
                pa.float64(),
                "",
                "Least probability that a galaxy of Pan-STARRS as near and bright as one of the three nearest sources "
                "is there by chance; 1 where none of them is a galaxy.",
                Role.NUMBER,
            ),
        ),
        compute=compute,
    ),
)
