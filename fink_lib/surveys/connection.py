"""How a survey's alerts reach the broker: its Kafka, which may be the survey's own, and the topics there."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from fink_lib.config import Settings
from fink_lib.config.connection import KafkaConnection
from fink_lib.config.surveys import PREFIX

MAJOR = "{major}"


@dataclass(frozen=True)
class Input:
    """The input connection as the survey's folder says it; the settings of the survey stand over it.

    Attributes
    ----------
    topic_pattern
        Java regular expression of the topics that ingest subscribes to.
    topic_format
        `strftime` format of the topic that holds a night's alerts; the simulator writes there. ``{major}`` stands for
        the major version of the schema that they are written with.
    newest
        Newest version of the schema, ``<major>.<minor>``, where the format names it.
    subjects
        Regular expression of the registry's subjects that hold the survey's schemas; empty where messages bring theirs.
    bootstrap
        Addresses of the survey's Kafka; empty where its alerts arrive on the broker's own.
    security
        librdkafka settings of it that are no secret; a password comes from the settings.
    group_prefix
        Start of the names of the consumer groups that read there; some surveys prescribe it. Empty takes
        ``fink-<survey>``.
    group_of_user
        True where the survey wants them to begin with the name of the user, which is then taken where none is set.
    """

    topic_pattern: str
    topic_format: str
    bootstrap: str = ""
    security: Mapping[str, str] = field(default_factory=dict)
    group_prefix: str = ""
    group_of_user: bool = False
    newest: str = ""
    subjects: str = ""

    @property
    def by_version(self) -> bool:
        """True where each major version of the schema has a topic of its own."""
        return MAJOR in self.topic_format

    def topic_of(self, night: dt.date, version: str | None = None) -> str:
        """Return the topic that the survey publishes a night's alerts on.

        Parameters
        ----------
        night
            Its date.
        version
            Of the schema that they are written with; the newest where there is none such.
        """
        newest = self.newest.partition(".")[0]
        major = (version or self.newest).partition(".")[0]
        known = major.isdecimal() and newest.isdecimal() and 0 < int(major) <= int(newest)
        return night.strftime(self.topic_format).replace(MAJOR, major if known else newest)

    def topics(self, survey: str, settings: Settings) -> str:
        """Return the regular expression of the topics to subscribe to.

        Parameters
        ----------
        survey
            Its name.
        settings
            A pattern in them stands over that of the survey.
        """
        return settings.of_survey(survey).topics or self.topic_pattern

    def connection(self, survey: str, settings: Settings) -> KafkaConnection:
        """Return the Kafka that a survey's alerts arrive on.

        The broker's own credentials are for its own Kafka: another one gets what is configured for it, or none.

        Parameters
        ----------
        survey
            Its name.
        settings
            What they say of the survey stands over what its folder says.
        """
        chosen = settings.of_survey(survey)
        bootstrap = chosen.bootstrap or self.bootstrap
        usual = self.security if bootstrap else settings.kafka_security
        security = usual if chosen.security is None else chosen.security
        user = security.get("sasl.username", "") if self.group_of_user and bootstrap else ""
        return KafkaConnection(
            bootstrap=bootstrap or settings.kafka_bootstrap,
            security=security,
            group_prefix=chosen.group_prefix or user or self.group_prefix or f"fink-{survey}",
            variables=f"{PREFIX}{survey.upper()}" if bootstrap else "FINK_KAFKA",
        )
