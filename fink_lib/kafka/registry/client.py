"""Register a schema at a registry."""

from fink_lib.errors import ConfigError, RegistryError
from fink_lib.registries import registry_client, shown

REFUSED = range(400, 500)


def register(url: str, subject: str, schema: str) -> int:
    """Register an Avro schema under a subject; return its number, which is the old one where it was known.

    Parameters
    ----------
    url
        Address of the registry, with a path and a user where it needs them.
    subject, schema
        Name of the subject, and the schema as JSON.

    Raises
    ------
    ConfigError
        When the registry refuses the schema.
    RegistryError
        When it does not answer, or not in its protocol.
    """
    from confluent_kafka.schema_registry import Schema  # noqa: PLC0415 - slow to import
    from confluent_kafka.schema_registry.error import SchemaRegistryError  # noqa: PLC0415

    who = f"schema registry {shown(url)}"
    try:
        return int(registry_client(url).register_schema(subject, Schema(schema, "AVRO")))
    except SchemaRegistryError as error:
        told = f"{error.http_status_code} {error.error_message}"
        if error.http_status_code in REFUSED:
            raise ConfigError(f"{who} refuses the schema of {subject}: {told}") from error
        raise RegistryError(f"{who} did not tell the number of {subject}: {told}") from error
    except Exception as error:  # it raises what its HTTP library raises, which is another one by version
        raise RegistryError(f"{who} does not answer: {error}") from error
