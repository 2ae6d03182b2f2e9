"""Where the messages come from: Kafka, every topic of the survey, from the first message on."""

from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.surveys import Survey

# Packets are 50-200 kB: the client's default of 1 MiB a partition and fetch would mean a round trip every ten alerts.
FETCH = {
    "kafka.max.partition.fetch.bytes": str(16 * 1024 * 1024),
    "kafka.fetch.max.bytes": str(64 * 1024 * 1024),
    "kafka.receive.buffer.bytes": str(1024 * 1024),
    "kafka.check.crcs": "true",
    # A mirror that gives a transaction up has copied its messages by then: they are none.
    "kafka.isolation.level": "read_committed",
}
_RENAMED = {
    "sasl.mechanisms": "sasl.mechanism",
    "ssl.ca.pem": "ssl.truststore.certificates",
    "ssl.certificate.pem": "ssl.keystore.certificate.chain",
    "ssl.key.pem": "ssl.keystore.key",
}
_LOGIN_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}


def kafka_source(session: SparkSession, settings: Settings, survey: Survey, starting: str = "earliest") -> DataFrame:
    """Return the stream of a survey's messages: key, value, topic, partition, offset, timestamp, headers.

    Parameters
    ----------
    session, settings, survey
        Where, and whose messages.
    starting
        Where a checkpoint that is new begins, as Spark's source takes it.
    """
    connection = survey.connection(settings)
    return (
        session.readStream.format("kafka")
        .option("kafka.bootstrap.servers", connection.bootstrap)
        .option("groupIdPrefix", connection.group_prefix)
        .option("subscribePattern", survey.topics(settings))
        .option("startingOffsets", starting)
        .option("failOnDataLoss", "true")
        .option("includeHeaders", "true")
        .option("maxOffsetsPerTrigger", settings.max_offsets_per_batch)
        .options(**FETCH)
        .options(**java_security(connection.security, f"{connection.variables}_SECURITY"))
        .load()
    )


def java_security(librdkafka: Mapping[str, str], variable: str = "FINK_KAFKA_SECURITY") -> dict[str, str]:
    """Translate librdkafka's security settings into options of Spark's Kafka source.

    Parameters
    ----------
    librdkafka
        The settings.
    variable
        Environment variable that they were read from; errors name it.

    Raises
    ------
    ConfigError
        When a setting has no counterpart in the Java client, or a login lacks its other half.
    """
    given = dict(librdkafka)
    options: dict[str, str] = {}
    user, password = given.pop("sasl.username", None), given.pop("sasl.password", None)
    if (user is None) != (password is None):
        raise ConfigError(f"{variable} needs both sasl.username and sasl.password, or neither")
    for name, value in given.items():
        options |= _one_option(name, value, variable)
    if user is not None and password is not None:
        options["kafka.sasl.jaas.config"] = _jaas(
            options.get("kafka.sasl.mechanism", "PLAIN"), user, password, variable
        )
    return options


def _one_option(name: str, value: str, variable: str) -> dict[str, str]:
    if name == "ssl.endpoint.identification.algorithm":
        return {f"kafka.{name}": "" if value == "none" else value}
    if name == "ssl.ca.location":
        return {"kafka.ssl.truststore.location": value, "kafka.ssl.truststore.type": "PEM"}
    if name in {"ssl.certificate.location", "ssl.key.location"}:
        raise ConfigError(
            f"{variable}: the Java client has no '{name}': give ssl.certificate.pem and ssl.key.pem instead"
        )
    renamed = _RENAMED.get(name, name)
    if not renamed.startswith(("security.", "sasl.", "ssl.")):
        raise ConfigError(f"{variable}: '{name}' is not a security.*, sasl.* or ssl.* setting")
    options = {f"kafka.{renamed}": value}
    if renamed in {"ssl.truststore.certificates", "ssl.keystore.certificate.chain", "ssl.keystore.key"}:
        options[f"kafka.{'.'.join(renamed.split('.')[:2])}.type"] = "PEM"
    return options


def _jaas(mechanism: str, user: str, password: str, variable: str) -> str:
    module = _LOGIN_MODULES.get(mechanism)
    if module is None:
        known = ", ".join(sorted(_LOGIN_MODULES))
        raise ConfigError(f"{variable}: sasl.mechanism '{mechanism}' takes no user name; those that do: {known}")
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in (user, password)]
    return f'{module} required username="{quoted[0]}" password="{quoted[1]}";'
