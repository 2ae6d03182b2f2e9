"""Register a schema at a registry that speaks Confluent's protocol."""

import json

import httpx

from fink_lib.errors import ConfigError, RegistryError

TIMEOUT_S = 15.0


def register(url: str, subject: str, schema: str) -> int:
    """Register an Avro schema under a subject; return its number, which is the old one where it was known.

    Raises
    ------
    ConfigError
        When the registry refuses the schema.
    RegistryError
        When it does not answer, or not in its protocol.
    """
    place = httpx.URL(url.rstrip("/"))
    shown = f"schema registry {place.host}:{place.port or ''}"  # never the address itself: it may hold a password
    try:
        answer = httpx.post(f"{place}/subjects/{subject}/versions", json={"schema": schema}, timeout=TIMEOUT_S)
    except httpx.HTTPError as error:
        raise RegistryError(f"{shown} does not answer: {error}") from error
    if answer.is_client_error:
        raise ConfigError(f"{shown} refuses the schema of {subject}: {answer.status_code} {answer.text[:300]}")
    try:
        return int(answer.raise_for_status().json()["id"])
    except (httpx.HTTPError, json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise RegistryError(f"{shown} did not tell the number of {subject}: {answer.status_code}") from error
