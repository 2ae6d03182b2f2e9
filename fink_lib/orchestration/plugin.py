"""What Airflow must know of by name before it meets it in a DAG."""

from airflow.plugins_manager import AirflowPlugin

from fink_lib.orchestration.timetable import ClosedNightsTimetable


class FinkPlugin(AirflowPlugin):
    """Found by its entry point in pyproject.toml."""

    name = "fink"
    timetables = [ClosedNightsTimetable]  # noqa: RUF012  # Airflow reads a list here
