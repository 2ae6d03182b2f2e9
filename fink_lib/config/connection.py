"""How to reach a Kafka: what every client of it needs, whoever owns it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class KafkaConnection:
    """One Kafka, and how this broker shows itself there.

    Attributes
    ----------
    bootstrap
        Addresses, ``host:port`` with commas.
    security
        librdkafka settings beside the address (security.protocol, sasl.*, ssl.*); they may hold a password.
    group_prefix
        Start of the names of all consumer groups.
    variables
        Start of the names of the environment variables that it is configured by; messages name them.
    """

    bootstrap: str
    security: Mapping[str, str] = field(default_factory=dict, repr=False)
    group_prefix: str = "fink"
    variables: str = "FINK_KAFKA"

    def group(self, name: str) -> str:
        """Return the name of the consumer group of one purpose."""
        return f"{self.group_prefix}-{name}"
