"""The silver table, as the science modules declare it."""

from collections.abc import Sequence

import pyspark.sql.types as T
from pyspark.sql.pandas.types import from_arrow_type

from fink_lib.lake.table import TableSpec
from fink_lib.lake.tables import silver_alerts
from fink_lib.science.base import Module
from fink_lib.science.registry import output_struct, stream_modules
from fink_lib.surveys import Survey


def science_struct(modules: Sequence[Module]) -> T.StructType:
    """Return the outputs of some modules as Spark columns."""
    struct = from_arrow_type(output_struct(modules))
    if not isinstance(struct, T.StructType):
        raise TypeError(f"science outputs are {struct.simpleString()}, not a struct")
    return struct


def silver_spec(survey: Survey) -> TableSpec:
    """Return the silver table of a survey, with a column for each output of its science modules."""
    return silver_alerts(survey, science_struct(stream_modules(survey.name)))
