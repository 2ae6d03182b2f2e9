"""Each test of enrich has a lake of its own."""

import pytest
from enrich_bench import Bench
from pyspark.sql import SparkSession

from fink_lib.config import Settings


@pytest.fixture
def bench(spark: SparkSession, settings: Settings) -> Bench:
    return Bench(spark, settings)
