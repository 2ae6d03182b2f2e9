"""The packages that the steps of a night import, all at once: each step is a fork, and finds them there.

None of the library's own: that is read anew by each task, so that no step runs what was there when Airflow started.
"""

# ruff: noqa: E402, F401 - they are only to be there, and one reads the environment when it is imported

import logging
import os

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
logging.getLogger("great_expectations").setLevel(logging.ERROR)  # it says hundreds of lines as it is imported

import astropy_healpix
import confluent_kafka
import duckdb
import fastavro
import great_expectations.expectations
import great_expectations.render.renderer
import great_expectations.render.view
import matplotlib.backends.backend_agg
import matplotlib.figure
import numba
import pandas as pd
import scipy.spatial
import sqlglot
