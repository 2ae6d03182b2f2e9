"""The packages that DAG files and operators of the broker import, all at once; none of the library's own."""

# ruff: noqa: F401 - they are only to be there

import airflow.dag_processing.dagbag
import airflow.providers.standard.operators.empty
import airflow.providers.standard.triggers.temporal
import deltalake
import psutil
import pyarrow.compute
import pyarrow.dataset
import pyarrow.fs
import pyarrow.parquet
import pydantic_settings
