"""A file in the survey's folder is a filter; its name is its own."""

import logging
from types import ModuleType
from unittest.mock import patch

import pytest

from fink_lib.errors import ConfigError
from fink_lib.filters import registry
from fink_lib.filters.base import Filter
from fink_lib.filters.registry import active_filters, filters_of, inputs_of
from fink_lib.filters.ztf.blazar import FILTER as BLAZAR
from fink_lib.filters.ztf.variable_stars import FILTER

# The topics of the survey that Fink's subscribers know, and two more.
ZTF_TOPICS = """
    blazar bright_transients early_kn_candidates early_sn_candidates fast_riser_candidates first_pass_candidates
    inter_night_hostless intra_night_hostless kn_candidates magnetic_cvs microlensing_candidates new_hostless
    rate_based_kn_candidates simbad_grav_candidates sn_candidates sso_fink_candidates sso_ztf_candidates tns_match
    unknowns variable_stars vra yso_candidates yso_spicy_candidates
"""


def test_ztf_has_its_filters_each_on_its_topic() -> None:
    assert [one.topic for one in filters_of("ztf")] == [f"fink_{name}_ztf" for name in ZTF_TOPICS.split()]


# Fink's topics of Rubin.
LSST_TOPICS = """
    extragalactic_lt20mag_candidate extragalactic_new_candidate extragalactic_svom faint_trails fast_transient_gvom
    hostless_candidate in_simbad in_tns is_solar_system mdwarf_flare most_likely_sn remove_unlikely_transients
    sn_near_galaxy_candidate uniform_sample
"""


def test_lsst_has_its_filters_each_on_its_topic() -> None:
    assert [one.topic for one in filters_of("lsst")] == [f"fink_{name}_lsst" for name in LSST_TOPICS.split()]


def test_a_survey_without_filters_has_none() -> None:
    assert filters_of("of_nobody") == ()


def test_a_filter_whose_columns_are_not_there_is_left_out_with_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = active_filters([FILTER, BLAZAR], {*FILTER.inputs, "blazar"})
    assert found == (FILTER,)
    assert [record.getMessage() for record in caplog.records] == [
        "filter left out filter=blazar columns not there: x3hsp_sep_arcsec"
    ]


def test_a_filter_runs_without_its_optional_columns() -> None:
    assert BLAZAR.optional == ("cdsxmatch",)
    assert active_filters([BLAZAR], set(BLAZAR.inputs)) == (BLAZAR,)


def test_inputs_are_named_once() -> None:
    assert inputs_of([FILTER, FILTER]) == ("gcvs", "gcvs_sep_arcsec", "vsx", "vsx_sep_arcsec")
    assert inputs_of([BLAZAR]) == ("blazar", "cdsxmatch", "gcvs", "vsx", "x3hsp_sep_arcsec")


def test_a_file_without_a_filter_is_named() -> None:
    with (
        patch.object(registry, "import_module", return_value=ModuleType("empty")),
        pytest.raises(ConfigError, match=r"ztf\.empty holds no filter"),
    ):
        registry._load("ztf", "empty")


def test_a_filter_of_another_name_than_its_file_is_refused() -> None:
    other = ModuleType("other")
    other.FILTER = FILTER  # type: ignore[attr-defined]  # a module made for this test
    with (
        patch.object(registry, "import_module", return_value=other),
        pytest.raises(ConfigError, match="declares filter 'variable_stars'"),
    ):
        registry._load("ztf", "other")


@pytest.mark.parametrize("chosen", [*filters_of("ztf"), *filters_of("lsst")], ids=lambda one: one.topic)
def test_a_subscriber_can_read_what_a_filter_is_for(chosen: Filter) -> None:
    for text in (chosen.description, chosen.example):
        assert text[0].isupper()
        assert text.endswith(".")
        assert 20 < len(text) < 250
    assert chosen.description != chosen.example
