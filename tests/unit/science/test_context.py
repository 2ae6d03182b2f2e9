"""Where an alert stands: each rule by itself, their order, and what is not known."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from science_bench import CACHE, NAN, one_alert

from fink_lib.science.cases.context import CATALOGUES, MODULES, SEPARATIONS
from fink_lib.science.cases.rubin import context as rubin
from fink_lib.science.framework.base import NO_MATCH, Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.runner import run
from fink_lib.science.methods.classify.context import RULES, Context
from fink_lib.science.methods.classify.simbad_kinds import Kind, kind_of
from fink_lib.science.methods.host_chance import chance_of_host

FAR = -999.0
TEXTS = {"vsx": NO_MATCH, "gcvs": NO_MATCH, "tns": ""}
# A place with nothing: Pan-STARRS names three faint sources of undecided shape, all too far to matter.
EMPTY = {"ref_separation": 9.0, "roid": 0, "brightstar": 0, "gaia_separation": FAR, "ps1_shape": NO_MATCH}
EMPTY |= {f"ps1_separation{place}": 12.0 for place in ("", "_2", "_3")}
EMPTY |= {f"ps1_star_score{place}": 0.5 for place in ("", "_2", "_3")}
EMPTY |= {f"ps1_r_mag{place}": 22.0 for place in ("", "_2", "_3")}
GALAXY = {"ps1_star_score": 0.01, "ps1_r_mag": 17.0}
ON_STAR = {"ps1_shape": "star", "ps1_separation": 0.3, "ps1_star_score": 0.99, "gaia_separation": 0.2}
# What stands there is not known: Pan-STARRS has no source within 30 arcsec.
HOLE: dict[str, Any] = {"ps1_shape": None} | {f"ps1_separation{place}": FAR for place in ("", "_2", "_3")}

CASES: dict[str, tuple[dict[str, Any], Context]] = {
    "known asteroid": ({"roid": 3}, Context.SOLAR_SYSTEM),
    "moving candidate": ({"roid": 2}, Context.SOLAR_SYSTEM),
    "classified by TNS": ({"tns": "SN Ia"}, Context.TRANSIENT),
    "known disruption": ({"tde_sep_arcsec": 0.5}, Context.TRANSIENT),
    "SIMBAD: supernova": ({"cdsxmatch": "Supernova"}, Context.TRANSIENT),
    "SIMBAD: AGN": ({"cdsxmatch": "Seyfert1"}, Context.AGN),
    "SIMBAD: star": ({"cdsxmatch": "RRLyr"}, Context.VARIABLE_STAR),
    "4LAC": ({"x4lac_sep_arcsec": 1.9}, Context.AGN),
    "3HSP": ({"x3hsp_sep_arcsec": 0.1}, Context.AGN),
    "dwarf AGN": ({"dwarf_agn_sep_arcsec": 0.1}, Context.AGN),
    "VSX: AGN": ({"vsx": "BLAZAR"}, Context.AGN),
    "GCVS: AGN": ({"gcvs": "QSO"}, Context.AGN),
    "VSX": ({"vsx": "RRAB"}, Context.VARIABLE_STAR),
    "GCVS": ({"gcvs": "M"}, Context.VARIABLE_STAR),
    "magnetic CV": ({"magnetic_cv_sep_arcsec": 0.1}, Context.VARIABLE_STAR),
    "symbiotic or CV": ({"symbiotic_cv_sep_arcsec": 0.1}, Context.VARIABLE_STAR),
    "SPICY": ({"spicy_sep_arcsec": 1.0}, Context.VARIABLE_STAR),
    "next to a bright star": ({"brightstar": 1}, Context.ARTEFACT),
    "star of Pan-STARRS": (ON_STAR, Context.VARIABLE_STAR),
    "centre of a galaxy": ({**GALAXY, "ps1_shape": "galaxy", "ps1_separation": 0.6}, Context.NUCLEAR),
    "centre of a Mangrove galaxy": ({"mangrove_sep_arcsec": 0.9, "mangrove_ang_dist_mpc": 1e4}, Context.NUCLEAR),
    "SIMBAD: galaxy": ({"cdsxmatch": "Galaxy"}, Context.NUCLEAR),
    "near a Mangrove galaxy": ({"mangrove_sep_arcsec": 60.0, "mangrove_ang_dist_mpc": 100.0}, Context.NEAR_HOST),
    "near a galaxy of Pan-STARRS": ({**GALAXY, "ps1_separation": 5.0}, Context.NEAR_HOST),
    "nothing in Pan-STARRS and the reference": ({}, Context.ORPHAN),
}
UNKNOWN_TO_ZTF = {"named by the packet", "nothing in the template"}


def place(**facts: Any) -> AlertBatch:
    """Return an alert at an empty place, with some facts changed."""
    given = {**EMPTY, **facts}
    scalars = {name: given.pop(name) for name in MODULES[0].scalars}
    given["ps1_sep_arcsec"] = None if scalars["ps1_separation"] == FAR else scalars["ps1_separation"]
    texts = {name: pa.array([given.pop(name, word)], pa.string()) for name, word in TEXTS.items()}
    names = (*SEPARATIONS, "mangrove_ang_dist_mpc")
    numbers = {name: pa.array([given.pop(name, None)], pa.float64()) for name in names}
    labels = {name: pa.array([given.pop(name)], pa.string()) for name in ("ps1_shape", "cdsxmatch") if name in given}
    others = {name: pa.array([value], pa.float64()) for name, value in given.items()}
    return replace(one_alert(scalars), results={**texts, **numbers, **labels, **others})


def told(batch: AlertBatch, module: Module = MODULES[0]) -> dict[str, Any]:
    found = module.compute(batch, None)
    assert isinstance(found, dict)
    return {name: pa.array(values).to_pylist()[0] for name, values in found.items()}


def test_every_rule_has_a_case() -> None:
    assert set(CASES) == {rule.name for rule in RULES} - UNKNOWN_TO_ZTF
    assert set(CATALOGUES) == {*SEPARATIONS, *TEXTS, "mangrove_ang_dist_mpc"}


@pytest.mark.parametrize("name", CASES)
def test_each_rule_gives_its_class_and_names_its_column(name: str) -> None:
    facts, context = CASES[name]
    answer = told(place(**facts))
    assert (answer["context_class"], answer["context_rule"]) == (context, name)
    assert answer["context_column"] == next(rule.column for rule in RULES if rule.name == name)
    assert answer["context_rules"][0] == name


def test_the_first_rule_of_the_table_wins_and_all_are_told() -> None:
    answer = told(place(**ON_STAR, roid=3, vsx="RRAB"))
    assert answer["context_class"] == Context.SOLAR_SYSTEM
    assert answer["context_rules"] == ["known asteroid", "VSX", "star of Pan-STARRS"]


@pytest.mark.parametrize(
    "facts",
    [
        {"ps1_shape": "uncertain", "ps1_separation": 0.4},
        {"ref_separation": NAN},  # not told whether the reference shows something
        {"ps1_star_score_2": NAN},  # what the second neighbour is may change who is the host
        {"ps1_separation_2": -1.0, "ps1_star_score_2": 0.01},  # a distance that is none makes no nucleus
        {"ps1_separation": 0.5, "ps1_shape": None, "ps1_star_score": -1.0},  # and no score no galaxy
        HOLE,
        {**HOLE, "brightstar": 1},
        {"brightstar": 1, "ps1_separation": NAN, "ps1_shape": None},
        {"brightstar": None, "ps1_separation": NAN, "ps1_shape": None},
        {"gaia_separation": 1.4},
        {"gaia_separation": NAN},
    ],
)
def test_what_is_not_known_makes_no_rule_hold(facts: dict[str, Any]) -> None:
    answer = told(place(**facts))
    assert (answer["context_class"], answer["context_rule"], answer["context_column"]) == ("uncatalogued", None, None)
    assert answer["context_rules"] == []


def test_a_bright_star_at_the_place_itself_is_no_artefact() -> None:
    assert told(place(**ON_STAR, brightstar=1))["context_class"] == Context.VARIABLE_STAR


def test_a_blazar_of_another_messenger_must_stand_at_the_place() -> None:
    """3HSP and 4LAC are searched within up to 60 arcsec, for their gamma rays."""
    assert told(place(x3hsp_sep_arcsec=30.0, x4lac_sep_arcsec=4.0))["context_class"] == Context.ORPHAN


@pytest.mark.parametrize(
    ("facts", "context"),
    [
        ({**ON_STAR, "vsx": "RRAB", "x3hsp_sep_arcsec": 45.0, "x4lac_sep_arcsec": 59.0}, Context.VARIABLE_STAR),
        ({**ON_STAR, "x3hsp_sep_arcsec": 45.0}, Context.VARIABLE_STAR),
        ({**ON_STAR, "x3hsp_sep_arcsec": 1.0}, Context.AGN),
        ({**ON_STAR, "cdsxmatch": "Star", "x3hsp_sep_arcsec": 1.0}, Context.VARIABLE_STAR),
        ({**ON_STAR, "roid": 3, "cdsxmatch": "Star", "brightstar": 1}, Context.SOLAR_SYSTEM),
        ({"roid": None, "tns": None, "vsx": None, "gcvs": None}, Context.ORPHAN),
        ({"roid": NAN, "mangrove_sep_arcsec": NAN, "mangrove_ang_dist_mpc": 1.0}, Context.ORPHAN),
        ({"mangrove_sep_arcsec": 20.0, "mangrove_ang_dist_mpc": None}, Context.ORPHAN),
        ({"mangrove_sep_arcsec": None, "mangrove_ang_dist_mpc": None, "tde_sep_arcsec": NAN}, Context.ORPHAN),
    ],
)
def test_stars_blazars_and_gaps_together_give_what_the_table_says(facts: dict[str, Any], context: Context) -> None:
    assert told(place(**facts))["context_class"] == context


def test_the_chance_of_a_host_is_that_of_bloom_2002() -> None:
    sep, mag = np.array([5.0, 5.0, np.inf, 3.0, NAN]), np.array([21.0, 17.0, 20.0, np.inf, 20.0])
    chance = chance_of_host(sep, mag)
    assert chance[0] == pytest.approx(1 - np.exp(-np.pi * 25.0 * 10 ** (0.33 * (21 - 24) - 2.44) / (0.33 * np.log(10))))
    assert chance[1] < 0.1 * chance[0]  # a brighter one is rarer
    assert chance[2:4].tolist() == [1.0, 1.0]
    assert np.isnan(chance[4])


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("QSO", Kind.AGN),
        ("Seyfert_2", Kind.AGN),
        ("Galaxy", Kind.GALAXY),
        ("SN", Kind.TRANSIENT),
        ("Mira", Kind.STAR),
        ("Unknown", Kind.NOTHING),
        ("Fail 503", Kind.UNDECIDED),
        ("IR", Kind.UNDECIDED),
        ("FarIR", Kind.UNDECIDED),  # of today; FIR before 2022
        ("cmRad", Kind.UNDECIDED),
        ("GlobCluster", Kind.UNDECIDED),
        ("Cl*", Kind.UNDECIDED),
        ("HIIReg", Kind.UNDECIDED),
        ("MolCld", Kind.UNDECIDED),
        ("SNRemnant", Kind.UNDECIDED),
        ("PlanetaryNeb", Kind.STAR),
        (None, Kind.UNDECIDED),
    ],
)
def test_what_a_label_of_simbad_says(label: str | None, kind: Kind) -> None:
    assert kind_of(label) is kind


@pytest.mark.parametrize(
    ("flux", "error", "object_id", "context"),
    [
        (20.0, 10.0, "", Context.ORPHAN),
        (400.0, 10.0, "", Context.UNCATALOGUED),
        (20.0, 10.0, "1", Context.SOLAR_SYSTEM),
        (NAN, 10.0, "", Context.UNCATALOGUED),
        (20.0, 0.0, "", Context.UNCATALOGUED),
    ],
)
def test_rubin_goes_by_the_template(flux: float, error: float, object_id: str, context: Context) -> None:
    results = dict(place().results) | {"is_sso": pa.array([bool(object_id)])}
    scalars = {"template_flux": np.array([flux]), "template_flux_err": np.array([error])}
    batch = AlertBatch(np.array([1]), np.array([0, 0]), scalars, {}, {}, results)
    assert told(batch, rubin.MODULES[0])["context_class"] == context


def test_no_alert_is_an_empty_table() -> None:
    batch = place().take(np.array([], dtype=np.int64))
    outcome = run(MODULES, batch, CACHE)
    assert [len(column) for column in outcome.columns.values()] == [0] * 5
