"""Where a Kafka is and how to speak to it: what every client of it shares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from fink_lib.config import Settings
from fink_lib.config.connection import KafkaConnection

ClientConfig = dict[str, str | int | float | bool]
# What goes wrong is reported by this program, in one sentence; librdkafka repeats itself twenty times a second.
QUIET: Mapping[str, int] = {"log_level": 0}


@dataclass(frozen=True)
class Connection(KafkaConnection):
    """One Kafka, as some account, with the clients that speak to it."""

    @classmethod
    def to(cls, known: KafkaConnection) -> Self:
        """Return a connection to a Kafka that settings or a survey describe."""
        return cls(known.bootstrap, known.security, known.group_prefix, known.variables)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the connection to the broker's own Kafka."""
        return cls.to(settings.kafka)

    def client(self, facts: Mapping[str, str | int | float | bool] | None = None) -> ClientConfig:
        """Return the librdkafka settings of a client, with some of its own."""
        return {"bootstrap.servers": self.bootstrap, **self.security, **(facts or {})}

    def admin(self, facts: Mapping[str, str | int | float | bool] | None = None) -> AdminClient:
        """Return a client that looks at topics and rules, and changes them where it may."""
        return AdminClient(self.client(facts))

    def consumer(self, purpose: str, facts: Mapping[str, str | int | float | bool] | None = None) -> Consumer:
        """Return a client that reads and never commits an offset; whoever asked closes it.

        Parameters
        ----------
        purpose
            Ends the name of the consumer group, which Kafka requires though nothing is kept under it.
        facts
            Further librdkafka settings.
        """
        return Consumer(self.client({"group.id": self.group(purpose), "enable.auto.commit": False, **(facts or {})}))
