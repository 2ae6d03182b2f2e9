"""How a survey's alerts reach the broker: its Kafka, which may be the survey's own, and the topics there."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from fink_lib.config import Settings
from fink_lib.config.connection import KafkaConnection
from fink_lib.config.surveys import PREFIX


@dataclass(frozen=True)
class Input:
    """The input connection as the survey's folder says it; the settings of the survey stand over it.

    Attributes
    ----------
    topic_pattern
        Java regular expression of the topics that ingest subscribes to.
    topic_format
        `strftime` format of the topic that holds a night's alerts; the simulator writes there.
    bootstrap
        Addresses of the survey's Kafka; empty where its alerts arrive on the broker's own.
    security
        librdkafka settings of it that are no secret; a password comes from the settings.
    group_prefix
        Start of the names of the consumer groups that read there; some surveys prescribe it. Empty takes
        ``fink-<survey>``.
    """

    topic_pattern: str
    topic_format: str
    bootstrap: str = ""
    security: Mapping[str, str] = field(default_factory=dict)
    group_prefix: str = ""

    def topic_of(self, night: dt.date) -> str:
        """Return the topic that the survey publishes a night's alerts on."""
        return night.strftime(self.topic_format)

    def topics(self, survey: str, settings: Settings) -> str:
        """Return the regular expression of the topics to subscribe to."""
        return settings.of_survey(survey).topics or self.topic_pattern

    def connection(self, survey: str, settings: Settings) -> KafkaConnection:
        """Return the Kafka that a survey's alerts arrive on.

        The broker's own credentials are for its own Kafka: another one gets what is configured for it, or none.
        """
        chosen = settings.of_survey(survey)
        bootstrap = chosen.bootstrap or self.bootstrap
        usual = self.security if bootstrap else settings.kafka_security
        return KafkaConnection(
            bootstrap=bootstrap or settings.kafka_bootstrap,
            security=usual if chosen.security is None else chosen.security,
            group_prefix=chosen.group_prefix or self.group_prefix or f"fink-{survey}",
            variables=f"{PREFIX}{survey.upper()}" if bootstrap else "FINK_KAFKA",
        )
