"""Each known reason for a difference, on an alert that shows it; what fits none is called unexplained."""

from typing import Any

import pytest

from fink_lib.compare_fink.filter_causes import CAUSES, OUR_CHOICE, UNEXPLAINED, Side, cause_of
from fink_lib.compare_fink.filter_causes.rubin import GAIA_CLAUSE, GALAXY_CLAUSES
from fink_lib.compare_fink.filter_causes.ztf import TRANSIENTS, TWINS
from fink_lib.filters.blocks.rubin_quality import FLAGS
from fink_lib.filters.blocks.surroundings import MAY_BE_EXTRAGALACTIC, NO_STAR_NEAR

STAMPS = "the stamps show no host"
GOOD = {**dict.fromkeys(FLAGS, False), "diaSource.psfFlux": 70.0, "diaSource.psfFluxErr": 10.0} | {
    "diaSource.isNegative": False
}
NEAR_STAR = {"ps1_sep_arcsec": 3.0, "ps1_star_score": 0.9}
JUST_BEFORE = {
    "diaSource.midpointMjdTai": 61000.3,
    "diaSource.band": "r",
    "prvDiaSources.midpointMjdTai": [61000.0, 61000.29],
    "prvDiaSources.band": ["g", "r"],
}
MOMENTS = {"diaSource.ixx": 5.0, "diaSource.iyy": 5.0}
LONG, ROUND = {**MOMENTS, "diaSource.ixy": 4.0}, {**MOMENTS, "diaSource.ixy": 1.0}
LIMIT = {"prv_candidates.magpsf": [19.0, None]}
SCATTERED = {"hostless_ks_science": 0.4, "hostless_ks_template": 0.2, "science_errors": []}
CASES: list[tuple[Side, str, tuple[str, ...], dict[str, Any], str]] = [
    (Side.THEIRS, "sn_candidates", (MAY_BE_EXTRAGALACTIC.name,), {}, "SIMBAD did not answer, which Fink takes for ext"),
    (Side.OURS, "sn_candidates", (), {"cdsxmatch": "Seyfert1"}, "predates SIMBAD's names of 2022"),
    (Side.THEIRS, "early_kn_candidates", (NO_STAR_NEAR.name,), NEAR_STAR, "Fink asks SDSS about stars"),
    (Side.THEIRS, "early_kn_candidates", ("within 10 kpc of a Mangrove galaxy",), {}, "any galaxy of Mangrove"),
    (
        Side.THEIRS,
        "early_kn_candidates",
        ("absolute magnitude between -17 and -15 at its distance",),
        {},
        "any galaxy of Mangrove",
    ),
    (Side.OURS, "rate_based_kn_candidates", (), {"candidate.isdiffpos": "1", "cdsxmatch": "Galaxy"}, "write '1'"),
    (Side.OURS, "magnetic_cvs", (), {TWINS: 1}, "one alert of the batch only"),
    (Side.THEIRS, "tns_match", ("classified in the Transient Name Server",), {"tns": None}, "counts as a match"),
    (Side.OURS, "blazar", (), {"cdsxmatch": "Fail 504"}, "a list on this machine has the source"),
    (Side.OURS, "vra", (), {"cdsxmatch": None}, "Fink sends nothing while SIMBAD is down"),
    (Side.OURS, "simbad_grav_candidates", (), {"cdsxmatch": "GravLens_Candidate"}, "lacks the candidates"),
    (Side.THEIRS, "unknowns", ("any",), {"class_default": "(VSX) EA"}, "neither VSX nor GCVS"),
    (Side.THEIRS, "unknowns", ("any",), {"class_default": "(TNS) SN Ia"}, "does not use the Transient Name Server"),
    (Side.THEIRS, "unknowns", ("any",), {"cdsxmatch": "EmissionG"}, "it computed no class of a transient"),
    (Side.OURS, "unknowns", (), {}, "takes for extragalactic and so for a supernova"),
    (Side.OURS, "unknowns", (), {"cdsxmatch": "GinCl"}, "word for its host galaxy"),
    (
        Side.THEIRS,
        "new_hostless",
        (STAMPS,),
        {"science_errors": [("hostless", "not run: likely an artefact")]},
        "only of",
    ),
    (Side.THEIRS, "new_hostless", (STAMPS,), SCATTERED, "go on from one alert to the next"),
    (Side.OURS, "inter_night_hostless", (), SCATTERED, "go on from one alert to the next"),
    (Side.THEIRS, "new_hostless", ("nothing catalogued there",), {"ps1_shape": "star"}, "takes for nothing there; VSX"),
    (Side.THEIRS, "new_hostless", ("nothing catalogued there",), {"ps1_shape": None}, "here a hole of that catalogue"),
    (Side.THEIRS, "new_hostless", ("no Gaia source within 1 arcsec",), {"gaia_sep_arcsec": 0.4}, "Fink asks Gaia"),
    (Side.THEIRS, "intra_night_hostless", ("the last two detections in one night",), LIMIT, "an upper limit counts"),
    (
        Side.THEIRS,
        "inter_night_hostless",
        ("two detections in one night, the last in another",),
        LIMIT,
        "an upper limit counts",
    ),
    (Side.OURS, "most_likely_sn", (), GOOD, "a good measurement is refused"),
    (
        Side.THEIRS,
        "most_likely_sn",
        ("no quality flag is set", "brighter than the template"),
        {**GOOD, FLAGS[3]: True, "diaSource.isNegative": True},
        "selects what is",
    ),
    (
        Side.THEIRS,
        "remove_unlikely_transients",
        ("psfFlux / psfFluxErr >= 6",),
        {**GOOD, "diaSource.psfFlux": 50.0},
        "selects what is flagged",
    ),
    (Side.THEIRS, "fast_transient_gvom", (GAIA_CLAUSE,), {"gaiadr3_DR3Name": "Gaia DR3 1"}, "error of the parallax"),
    (Side.THEIRS, "fast_transient_gvom", ("brightens by > 0.3 mag/day",), JUST_BEFORE, "at least half an hour apart"),
    (Side.THEIRS, "fast_transient_gvom", ("the rate is of > 3 sigma",), JUST_BEFORE, "at least half an hour apart"),
    (Side.OURS, "extragalactic_new_candidate", (), JUST_BEFORE, "at least half an hour apart"),
    (Side.THEIRS, "extragalactic_svom", (GAIA_CLAUSE,), {}, "where Gaia was not asked"),
    (Side.THEIRS, "extragalactic_lt20mag_candidate", GALAXY_CLAUSES[1:], {}, "where SIMBAD was not asked"),
    (Side.OURS, "extragalactic_svom", (), {"simbad_otype": "Sy1"}, "a short code"),
    (Side.THEIRS, "extragalactic_svom", (GAIA_CLAUSE,), {"gaiadr3_DR3Name": "Fail"}, "did not answer, which Fink"),
    (Side.THEIRS, "extragalactic_svom", ("a galaxy is near",), {"simbad_otype": "Fail"}, "did not answer, which Fink"),
    (Side.OURS, "faint_trails", (), LONG, "from the packet's second moments"),
    (Side.THEIRS, "faint_trails", ("elongation of the moments > 2",), ROUND, "from the packet's second moments"),
]


@pytest.mark.parametrize(("side", "name", "failing", "row", "words"), CASES, ids=str)
def test_a_known_difference_gets_its_reason(
    side: Side, name: str, failing: tuple[str, ...], row: dict[str, Any], words: str
) -> None:
    assert words in cause_of(side, name, failing, row)


def test_every_reason_has_a_test() -> None:
    told = {cause_of(*case[:4]) for case in CASES}
    assert told == {cause.told for cause in CAUSES}


def test_every_clause_of_an_alert_that_fails_several_must_be_explained() -> None:
    both = (MAY_BE_EXTRAGALACTIC.name, NO_STAR_NEAR.name)
    assert cause_of(Side.THEIRS, "early_kn_candidates", both, NEAR_STAR).count(";") >= 1
    assert (
        cause_of(Side.THEIRS, "early_kn_candidates", (*both, "roid is not 3"), NEAR_STAR)
        == f"{UNEXPLAINED}: roid is not 3"
    )


@pytest.mark.parametrize("name", TRANSIENTS)
def test_what_no_reason_fits_is_not_explained_away(name: str) -> None:
    assert cause_of(Side.OURS, name, (), {"cdsxmatch": "Galaxy", "candidate.isdiffpos": "t"}) == UNEXPLAINED
    clause = MAY_BE_EXTRAGALACTIC.name
    assert cause_of(Side.THEIRS, name, (clause,), {"cdsxmatch": "Star"}) == f"{UNEXPLAINED}: {clause}"


FAR = {**JUST_BEFORE, "prvDiaSources.midpointMjdTai": [61000.0, 61000.2]}
NOT_THESE: list[tuple[Side, str, tuple[str, ...], dict[str, Any]]] = [
    (Side.OURS, "magnetic_cvs", (), {TWINS: 0}),
    (Side.OURS, "most_likely_sn", (), {**GOOD, FLAGS[0]: True}),
    (Side.THEIRS, "most_likely_sn", ("no quality flag is set",), GOOD),
    (Side.THEIRS, "most_likely_sn", ("psfFlux / psfFluxErr >= 6",), GOOD),
    (Side.THEIRS, "most_likely_sn", ("brighter than the template",), GOOD),
    (Side.OURS, "faint_trails", (), ROUND),
    (Side.THEIRS, "faint_trails", ("elongation of the moments > 2",), LONG),
    (Side.THEIRS, "faint_trails", ("elongation of the moments > 2",), {}),
    (Side.OURS, "new_hostless", (), {**SCATTERED, "hostless_ks_science": 0.1}),
    (Side.THEIRS, "new_hostless", (STAMPS,), {"science_errors": []}),
    (Side.THEIRS, "new_hostless", ("no Gaia source within 1 arcsec",), {"gaia_sep_arcsec": 4.0}),
    (
        Side.THEIRS,
        "new_hostless",
        ("no Gaia source within 1 arcsec",),
        {"gaia_sep_arcsec": 0.4, "DR3Name": "Gaia DR3 1"},
    ),
    (
        Side.THEIRS,
        "intra_night_hostless",
        ("the last two detections in one night",),
        {"prv_candidates.magpsf": [19.0]},
    ),
    (Side.THEIRS, "early_kn_candidates", (NO_STAR_NEAR.name,), {"ps1_sep_arcsec": 3.0, "ps1_star_score": 0.1}),
    (Side.OURS, "extragalactic_new_candidate", (), FAR),
    (Side.OURS, "fast_transient_gvom", (), FAR),
    (Side.THEIRS, "extragalactic_svom", (GAIA_CLAUSE,), {"gaiadr3_DR3Name": "Gaia DR3 1"}),
    (Side.THEIRS, "extragalactic_svom", GALAXY_CLAUSES[:1], {"simbad_otype": "Star"}),
]


@pytest.mark.parametrize(("side", "name", "failing", "row"), NOT_THESE, ids=str)
def test_where_the_alert_does_not_show_the_reason_it_is_not_given(
    side: Side, name: str, failing: tuple[str, ...], row: dict[str, Any]
) -> None:
    assert cause_of(side, name, failing, row).startswith(UNEXPLAINED)


def test_what_is_our_own_choice_is_called_so() -> None:
    assert cause_of(Side.THEIRS, "unknowns", ("any",), {"class_default": "(VSX) EA"}).startswith(f"{OUR_CHOICE}: ")
    assert not cause_of(Side.OURS, "most_likely_sn", (), GOOD).startswith(OUR_CHOICE)
