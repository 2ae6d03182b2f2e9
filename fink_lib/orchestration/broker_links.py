"""Buttons on tasks that lead to what they made, or to what is known of them."""

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator, BaseOperatorLink

from fink_lib.orchestration.broker_pages import broker_address

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey


class BrokerLink(BaseOperatorLink):
    """A button on each stream: the page *Broker*."""

    @property
    def name(self) -> str:
        """Name of the button."""
        return "Broker"

    def get_link(self, operator: BaseOperator, *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002 - Airflow's signature
        """Return its address.

        Parameters
        ----------
        operator
            Not used.
        ti_key
            Not used.
        """
        return broker_address()


class DriverLogLink(BaseOperatorLink):
    """A button on each stream: what its driver says."""

    @property
    def name(self) -> str:
        """Name of the button."""
        return "Log of the driver"

    def get_link(self, operator: BaseOperator, *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002 - Airflow's signature
        """Return its address.

        Parameters
        ----------
        operator
            Of the stream.
        ti_key
            Not used.
        """
        return broker_address(f"log/{getattr(operator, 'survey', '')}.{getattr(operator, 'kind', '')}")


class ComparisonLink(BaseOperatorLink):
    """A button on each step of a reprocessing: the comparison that a person decides on."""

    @property
    def name(self) -> str:
        """Name of the button."""
        return "Comparison"

    def get_link(self, operator: BaseOperator, *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002 - Airflow's signature
        """Return its address.

        Parameters
        ----------
        operator
            The step of a reprocessing.
        ti_key
            Not used.
        """
        return broker_address(f"reprocess/{getattr(operator, 'request_id', '')}/diff.html")
