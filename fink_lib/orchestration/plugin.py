"""What Airflow must know of by name before it meets it in a DAG."""

from airflow.plugins_manager import AirflowPlugin

from fink_lib.orchestration.pages import PREFIX, DataDocsLink, NightPages, ReportLink
from fink_lib.orchestration.timetable import ClosedNightsTimetable


class FinkPlugin(AirflowPlugin):
    """Found by its entry point in pyproject.toml."""

    name = "fink"
    timetables = [ClosedNightsTimetable]  # noqa: RUF012  # Airflow reads a list here
    operator_extra_links = [ReportLink(), DataDocsLink()]  # noqa: RUF012  # the same
    fastapi_apps = [{"name": "nights", "url_prefix": PREFIX, "app": NightPages()}]  # noqa: RUF012  # the same
