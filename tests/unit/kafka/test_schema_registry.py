"""The registry speaks enough of Confluent's protocol, keeps what it gave out, and refuses what is no schema."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from fink_lib.errors import ConfigError, RegistryError
from fink_lib.host.registry import LocalRegistry
from fink_lib.kafka.registry.client import register
from fink_lib.kafka.registry.server import make_server


def schema(*fields: str) -> str:
    return json.dumps({"type": "record", "name": "alert", "fields": [{"name": f, "type": "long"} for f in fields]})


@contextmanager
def serving(path: Path) -> Iterator[str]:
    with make_server(path, 0) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_number_names_a_schema_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "registry" / "schemas.json"
    with serving(path) as url:
        first = register(url, "a-value", schema("candid"))
        assert register(url + "/", "a-value", schema("candid")) == first
        assert register(url, "b-value", schema("candid")) == first
        second = register(url, "a-value", schema("candid", "programid"))
        assert second != first
    with serving(path) as url:
        assert register(url, "a-value", schema("candid")) == first
        assert json.loads(httpx.get(f"{url}/schemas/ids/{second}").json()["schema"]) == json.loads(
            schema("candid", "programid")
        )
        latest = httpx.get(f"{url}/subjects/a-value/versions/latest").json()
        assert (latest["id"], latest["version"], latest["subject"]) == (second, 2, "a-value")
        assert httpx.get(f"{url}/subjects/a-value/versions/1").json()["id"] == first
        assert httpx.get(f"{url}/subjects/a-value/versions").json() == [1, 2]
        assert httpx.get(f"{url}/subjects").json() == ["a-value", "b-value"]


def test_confluents_own_client_writes_and_reads_it(tmp_path: Path) -> None:
    with serving(tmp_path / "schemas.json") as url:
        client = SchemaRegistryClient({"url": url})
        number = client.register_schema("a-value", Schema(schema("candid"), "AVRO"))
        assert json.loads(SchemaRegistryClient({"url": url}).get_schema(number).schema_str or "") == json.loads(
            schema("candid")
        )
        assert client.get_latest_version("a-value").schema_id == number
        assert client.get_subjects() == ["a-value"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("subjects/a/versions", {"schema": "{"}, 42201),
        ("subjects/a/versions", {"schema": '{"type": "record"}'}, 42201),
        ("subjects/a/versions", {"schema": '"no_such_type"'}, 42201),
        ("subjects/a/versions", {"schema": "{}", "schemaType": "JSON"}, 42201),
        ("subjects/a/versions", {}, 400),
        ("subjects/a/versions", [1], 400),
        ("config", {"schema": "{}"}, 404),
        ("subjects/a/versions/latest", None, 40401),
        ("subjects/known/versions/2", None, 40402),
        ("schemas/ids/99", None, 40403),
        ("nothing", None, 404),
    ],
)
def test_what_cannot_be_answered_is_refused_in_the_words_of_the_protocol(
    tmp_path: Path, path: str, body: Any, code: int
) -> None:
    with serving(tmp_path / "schemas.json") as url:
        register(url, "known", schema("candid"))
        answer = httpx.get(f"{url}/{path}") if body is None else httpx.post(f"{url}/{path}", json=body)
        assert answer.json()["error_code"] == code
        assert answer.status_code == int(str(code)[:3])
        assert httpx.get(f"{url}/subjects").json() == ["known"]


def test_a_writer_is_told_in_a_sentence_that_holds_no_password(tmp_path: Path) -> None:
    with serving(tmp_path / "schemas.json") as url:
        secret = url.replace("//", "//me:hush@")
        with pytest.raises(ConfigError, match=r"refuses the schema of a-value: 422 .*not an Avro schema") as refused:
            register(secret, "a-value", "{}")
        with pytest.raises(ConfigError, match="404"):
            register(secret + "/elsewhere", "a-value", schema("candid"))
    with pytest.raises(RegistryError, match="does not answer") as silent:
        register(secret, "a-value", schema("candid"))
    assert "hush" not in str(refused.value) + str(silent.value)


def test_the_registry_of_a_home_starts_and_stops(tmp_path: Path) -> None:
    registry = LocalRegistry(tmp_path)
    assert (registry.is_running(), registry.url) == (False, "")
    try:
        url = registry.start()
        assert registry.start() == url == LocalRegistry(tmp_path).url
        number = register(url, "a-value", schema("candid"))
    finally:
        registry.stop()
    assert not registry.is_running()
    try:
        assert register(registry.start(), "a-value", schema("candid")) == number
    finally:
        registry.stop()


@pytest.mark.parametrize("length", ["-1", "many", "1e3"])
def test_a_length_that_is_none_is_answered(tmp_path: Path, length: str) -> None:
    with serving(tmp_path / "schemas.json") as url:
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=5) as line:
            line.sendall(f"POST /subjects/a/versions HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n".encode())
            assert line.recv(100).startswith(b"HTTP/1.1 400 ")
