"""What a survey's schema registry is asked: the schema of an id, and which ids it has. Its address may have a path."""

import logging
import re

from fink_lib.errors import RegistryError
from fink_lib.registries import registry_client, shown

logger = logging.getLogger(__name__)

NOT_THERE = 404


def fetch_schema(url: str, schema_id: int) -> str | None:
    """Return the text of a schema; None where the registry has none of that id.

    Parameters
    ----------
    url
        Address of the registry, with a path and a user where it needs them.
    schema_id
        As the five first bytes of messages name it.

    Raises
    ------
    RegistryError
        When the registry does not answer, or not in its protocol.
    """
    from confluent_kafka.schema_registry.error import SchemaRegistryError  # noqa: PLC0415

    try:
        found = registry_client(url).get_schema(schema_id)
    except SchemaRegistryError as error:
        if error.http_status_code == NOT_THERE:
            return None
        raise RegistryError(f"schema registry {shown(url)} refused: {error}") from error
    except Exception as error:  # it raises what its HTTP library raises, which is another one by version
        raise RegistryError(f"schema registry {shown(url)} does not answer: {error}") from error
    return None if found.schema_str is None else str(found.schema_str)


def registered_ids(url: str, subjects: str) -> list[int]:
    """Return the ids of the schemas that a registry has, sorted.

    Parameters
    ----------
    url
        Address of the registry.
    subjects
        Regular expression of the subjects that are looked at.

    Raises
    ------
    RegistryError
        When the registry does not answer, or not in its protocol.
    """
    client = registry_client(url)
    try:
        names = [name for name in client.get_subjects() if re.fullmatch(subjects, name)]
        found = {client.get_version(name, version).schema_id for name in names for version in client.get_versions(name)}
    except Exception as error:  # as above
        raise RegistryError(f"schema registry {shown(url)} does not tell what it has: {error}") from error
    return sorted(number for number in found if number is not None)
