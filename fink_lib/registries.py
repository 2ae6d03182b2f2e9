"""Schema registries that speak Confluent's protocol, by Confluent's own client; the address may have a path."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import SchemaRegistryClient

ANSWER_S = 5.0
RETRIES = 1
RETRY_MS = 200


def registry_client(url: str) -> "SchemaRegistryClient":
    """Return a client of a registry; it asks nothing yet."""
    # Most homes have no registry, and it brings an HTTP library with all that that needs.
    from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: PLC0415

    return SchemaRegistryClient(
        {"url": url.rstrip("/"), "timeout": ANSWER_S, "max.retries": RETRIES, "retries.wait.ms": RETRY_MS}
    )


def shown(url: str) -> str:
    """Return an address without the password that it may hold."""
    place = urlsplit(url)
    return f"{place.hostname or ''}{f':{place.port}' if place.port else ''}{place.path.rstrip('/')}"
