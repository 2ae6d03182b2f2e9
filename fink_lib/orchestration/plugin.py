"""What Airflow must know of by name before it meets it in a DAG."""

from airflow.plugins_manager import AirflowPlugin

from fink_lib.orchestration import broker_pages, listener, pages
from fink_lib.orchestration.broker_links import BrokerLink, ComparisonLink, DriverLogLink
from fink_lib.orchestration.pages import DataDocsLink, NightPages, ReportLink
from fink_lib.orchestration.timetable import ClosedNightsTimetable


class FinkPlugin(AirflowPlugin):
    """Found by its entry point in pyproject.toml; Airflow reads lists here."""

    name = "fink"
    listeners = [listener]  # noqa: RUF012
    timetables = [ClosedNightsTimetable]  # noqa: RUF012
    operator_extra_links = [ReportLink(), DataDocsLink(), BrokerLink(), DriverLogLink(), ComparisonLink()]  # noqa: RUF012
    fastapi_apps = [  # noqa: RUF012
        {"name": "nights", "url_prefix": pages.PREFIX, "app": NightPages()},
        {"name": "broker", "url_prefix": broker_pages.PREFIX, "app": broker_pages.BrokerPages()},
    ]
    external_views = [  # noqa: RUF012
        {
            "name": "Broker",
            "href": f"{broker_pages.PREFIX.lstrip('/')}/",  # below wherever Airflow is
            "url_route": "broker",
            "destination": "nav",
            "nav_top_level": True,
        }
    ]
