"""The column that enrich adds has exactly the type that the silver table declares; no JVM is asked."""

from collections import Counter

import pyarrow as pa
import pyspark.sql.types as T
from pyspark.sql.pandas.types import to_arrow_type

from fink_lib.config import Settings
from fink_lib.enrich.science import ERRORS, ERRORS_TYPE, evaluate
from fink_lib.lake.spark.table import spark_struct
from fink_lib.science.framework.batch_builder import wanted
from fink_lib.science.framework.registry import stream_modules
from fink_lib.science.framework.silver import science_schema, silver_spec
from fink_lib.surveys import get_survey
from fink_lib.surveys.inputs import inputs_of


def test_an_alert_of_nulls_comes_back_as_declared() -> None:
    modules, inputs = stream_modules("ztf"), inputs_of("ztf")
    columns = wanted(modules, inputs).columns(inputs)
    arrays = [
        pa.array([7]) if name == "alert_id" else pa.array([None], type=pa.list_(pa.float64()))
        if name.startswith("past_") else pa.array([None], type=pa.float64())
        for name in columns
    ]  # fmt: skip
    found = evaluate(pa.StructArray.from_arrays(arrays, list(columns)), "ztf", str(Settings().cache))
    declared = T.StructType([*spark_struct(science_schema(modules)).fields, T.StructField(ERRORS, ERRORS_TYPE)])
    assert found.type == to_arrow_type(declared)
    told = dict(found.field(found.type.get_field_index(ERRORS))[0].as_py())
    assert all(why.startswith("not run: ") for why in told.values()), told


def test_no_two_columns_of_silver_differ_by_case_alone() -> None:
    names = Counter(name.lower() for name in silver_spec(get_survey("ztf")).schema.names)
    assert [name for name, count in names.items() if count > 1] == []
