"""A file in the survey's folder is a filter; its name is its own."""

from types import ModuleType
from unittest.mock import patch

import pytest

from fink_lib.errors import ConfigError
from fink_lib.filters import registry
from fink_lib.filters.registry import filters_of, inputs_of
from fink_lib.filters.ztf.variable_stars import FILTER


def test_ztf_has_its_four_filters_each_on_its_topic() -> None:
    assert [one.topic for one in filters_of("ztf")] == [
        "fink_bright_transients_ztf",
        "fink_sso_fink_candidates_ztf",
        "fink_sso_ztf_candidates_ztf",
        "fink_variable_stars_ztf",
    ]


def test_a_survey_without_filters_has_none() -> None:
    assert filters_of("lsst") == ()


def test_inputs_are_named_once() -> None:
    assert inputs_of([FILTER, FILTER]) == ("gcvs_sep_arcsec", "vsx_sep_arcsec")


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
