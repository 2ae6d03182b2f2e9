"""Which filters the stream runs, by the columns of silver; types only, no JVM."""

import pyspark.sql.types as T
import pytest

from fink_lib.distribute.match import paths_of
from fink_lib.filters.registry import active_filters, filters_of
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import get_survey


def test_every_column_is_named_through_structs_and_arrays() -> None:
    point = T.StructType([T.StructField("jd", T.DoubleType())])
    schema = T.StructType([T.StructField("candidate", point), T.StructField("past", T.ArrayType(point))])
    assert paths_of(schema) == {"candidate", "candidate.jd", "past", "past.jd"}


@pytest.mark.parametrize(("survey", "left_out"), [("ztf", {"simbad_grav_candidates"}), ("lsst", {"in_simbad"})])
def test_with_all_modules_only_those_wait_that_need_what_no_module_fills(survey: str, left_out: set[str]) -> None:
    silver = silver_spec(get_survey(survey), modules_of(survey))
    filters = filters_of(survey)
    active = active_filters(filters, silver.paths)
    assert {one.name for one in filters} - {one.name for one in active} == left_out


def test_all_but_one_of_the_filters_of_ztf_find_their_columns_in_silver() -> None:
    filters = filters_of("ztf")
    active = {one.name for one in active_filters(filters, silver_spec(get_survey("ztf")).paths)}
    assert {one.name for one in filters} - active == {"simbad_grav_candidates"}
