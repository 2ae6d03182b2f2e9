"""A DAG for each stream of each survey: every kind of the table of streams that has no label.

What they say of themselves is in `fink_lib/orchestration/streaming.py`, what differs in `fink_lib/streams/kinds.py`.
"""

from airflow.sdk import DAG

from fink_lib.config import Settings
from fink_lib.orchestration.streaming import stream_dags
from fink_lib.surveys import running_surveys

for survey in running_surveys(Settings()):
    dags: list[DAG] = stream_dags(survey.name)
    globals().update({dag.dag_id: dag for dag in dags})
