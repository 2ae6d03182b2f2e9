"""The distribute stream's bench on a broker that refuses what is not allowed, for a client that reads what it sent."""

from typing import Any

import pytest

from fink_lib.host.kafka import LocalKafka
from tests.streams.distribute.conftest import bench, packets, planted_home

__all__ = ["bench", "packets", "planted_home"]


@pytest.fixture(scope="module")
def connection(secured_kafka: LocalKafka) -> dict[str, Any]:
    """The settings by which the stream reaches its Kafka, with every right."""
    return secured_kafka.connection


@pytest.fixture(scope="module")
def public_kafka(secured_kafka: LocalKafka) -> str:
    """The address for anyone: all that finkctl can use."""
    return secured_kafka.bootstrap
