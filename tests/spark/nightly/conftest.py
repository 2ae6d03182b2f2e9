import pytest
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from fink_lib.nightly.job import NightContext
from fink_lib.surveys import get_survey
from fink_lib.testing.nights import NIGHT
from tests.planted.night_lake import good_lake, good_night, plant

__all__ = ["context", "good_lake", "good_night", "plant"]


@pytest.fixture
def context(settings: Settings, spark: SparkSession) -> NightContext:
    """One night of ZTF in a home of the test's own, on the shared session."""
    context = NightContext(settings, get_survey("ztf"), NIGHT, "run-1")
    context.__dict__["session"] = spark
    return context
