"""Science over packets in files: no Kafka, no Spark, no Airflow."""

from typing import TYPE_CHECKING

from fink_lib.moved import names_of
from fink_lib.offline.run import Given, batches_of, science_of, science_table

__all__ = ["Given", "batches_of", "science_of", "science_table"]

if not TYPE_CHECKING:  # it would tell mypy that the package has every name
    __getattr__ = names_of(__name__)
