"""What alerts and notices arrive on, and what leaves by Kafka."""

from pathlib import Path

from pydantic import BaseModel, Field

from fink_lib.config.surveys import SurveySettings


class SurveysSettings(BaseModel):
    """Which surveys run, and the settings of each."""

    surveys: str = Field("ztf", description="Surveys, with commas, whose alerts are listened to and passed on")
    of_surveys: dict[str, SurveySettings] = Field(
        default_factory=dict, description="Settings of single surveys, by name; from FINK_<SURVEY>_<SETTING>"
    )


class KafkaSettings(BaseModel):
    """The broker's own Kafka."""

    kafka_bootstrap: str = Field(
        "127.0.0.1:9092", description="Kafka that topics leave by, and that alerts arrive on unless a survey names one"
    )
    kafka_security: dict[str, str] = Field(
        default_factory=dict,
        repr=False,  # it may hold a password
        description="Extra librdkafka settings as JSON (security.protocol, sasl.*, ssl.*)",
    )


class LocalKafkaSettings(BaseModel):
    """The Kafka that `fink up` starts."""

    kafka_port: int = Field(
        9092, ge=0, le=65535, description="Port of the local broker started by `fink up`; 0 takes a free one"
    )
    kafka_users_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of the local broker for users with a password; unset takes the one after FINK_KAFKA_PORT",
    )
    kafka_users_tls: Path | None = Field(
        None, description="PEM file with private key (PKCS 8) and certificates for that port; unset does not encrypt it"
    )
    kafka_java_options: str = Field(
        "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        description="Further options of the JVM of that broker; these are for two cores, see docs/operator.md",
    )


class GcnSettings(BaseModel):
    """The Kafka of other messengers."""

    gcn_bootstrap: str | None = Field(
        None, description="Kafka that notices of other messengers arrive on; unset is the broker's own"
    )
    gcn_security: dict[str, str] = Field(
        default_factory=dict,
        repr=False,  # it may hold a password
        description="Extra librdkafka settings of that Kafka as JSON (security.protocol, sasl.*, ssl.*)",
    )
    gcn_group_prefix: str = Field("fink", description="Start of the name of the consumer group that reads notices")
    gcn_topics: str = Field(
        r"gcn\.classic\.voevent\..*|gcn\.notices\..*|igwn\.gwalert",
        description="Regular expression of the topics that notices are read from",
    )
