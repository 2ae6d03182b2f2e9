"""Science over packets in files: no Kafka, no Spark, no Airflow."""

from fink_lib.offline.parity import Comparison, Difference, compare
from fink_lib.offline.run import Given, batches_of, science_table

__all__ = ["Comparison", "Difference", "Given", "batches_of", "compare", "science_table"]
