"""A store is asked whether it decides before it is trusted; what delta-rs and Arrow are told of it."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from pyarrow.fs import FileSelector

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host import ports
from fink_lib.lake.object_store import file_system, in_store, require_conditional
from fink_lib.lake.spark.object_store import hadoop_conf, object_store_conf, object_store_jars
from fink_lib.storage.request import Credentials, signed_headers
from tests.builders.object_store import BUCKET, CREDENTIALS, heedless, object_store


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with object_store() as url:
        yield url


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


def left(settings: Settings) -> list[str]:
    found = file_system(settings).get_file_info(FileSelector(BUCKET, recursive=True))
    return [each.path for each in found if each.is_file]


def test_a_store_that_decides_is_taken_and_nothing_stays(address: str) -> None:
    settings = Settings(s3_endpoint=address)
    require_conditional(f"s3://{BUCKET}/a/b", settings)
    assert left(settings) == []


def test_a_store_that_ignores_the_condition_is_refused(address: str) -> None:
    with heedless(address) as door:
        settings = Settings(s3_endpoint=door)
        with pytest.raises(HostError, match="answers 200 instead of 412 to a second writer"):
            require_conditional(f"s3://{BUCKET}", settings)
    assert left(Settings(s3_endpoint=address)) == []


def test_a_store_that_cannot_be_used_is_one_sentence(address: str) -> None:
    with pytest.raises(HostError, match="s3://no-such-bucket cannot be written: the store answers 404"):
        require_conditional("s3://no-such-bucket", Settings(s3_endpoint=address))
    with pytest.raises(HostError, match=r"http://127\.0\.0\.1:\d+ does not answer"):
        require_conditional(f"s3://{BUCKET}", Settings(s3_endpoint=f"http://127.0.0.1:{ports.free_ports(1)[0]}"))


@pytest.mark.parametrize("url", ["lake", "file:///lake", "s3:///path", "http://lake/path"])
def test_what_is_no_place_in_a_store(url: str) -> None:
    with pytest.raises(HostError, match="s3://bucket/path"):
        in_store(url)


def test_who_asks_must_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(HostError, match="set AWS_SECRET_ACCESS_KEY"):
        require_conditional(f"s3://{BUCKET}", Settings(s3_region="eu-west-3"))


def test_the_signature_is_that_of_amazons_own_client() -> None:
    at = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    url, body, who = "https://lake.example.org/a b/c+d~e", b"first", Credentials("of-a-test", "secret", "token")
    sent = signed_headers("PUT", url, {"If-None-Match": "*"}, body, credentials=who, region="eu-west-3", at=at)
    request = AWSRequest("PUT", url.replace(" ", "%20").replace("+", "%2B"), dict(sent), body)
    request.context.update(timestamp=f"{at:%Y%m%dT%H%M%SZ}")
    theirs = S3SigV4Auth(BotoCredentials("of-a-test", "secret", "token"), "s3", "eu-west-3")
    del request.headers["Authorization"]
    words = theirs.string_to_sign(request, theirs.canonical_request(request))
    assert sent["Authorization"].endswith(f"Signature={theirs.signature(words, request)}")
    assert "secret" not in repr(who)


def test_spark_is_told_of_a_store_where_there_is_one() -> None:
    bare = Settings()
    assert not bare.has_object_store
    assert object_store_conf(bare) == {}
    assert object_store_jars(bare) == []
    port = ports.free_ports(1)[0]
    near = hadoop_conf(Settings(s3_endpoint=f"http://127.0.0.1:{port}"))
    assert near["fs.s3a.endpoint"] == f"http://127.0.0.1:{port}"
    assert near["fs.s3a.connection.ssl.enabled"] == "false"
    amazon = hadoop_conf(Settings(s3_region="eu-west-3", s3_path_style=False))
    assert "fs.s3a.endpoint" not in amazon
    assert (amazon["fs.s3a.endpoint.region"], amazon["fs.s3a.path.style.access"]) == ("eu-west-3", "false")


def test_no_session_without_the_jars_of_the_store(tmp_path: Path) -> None:
    with pytest.raises(HostError, match="run `fink jars s3`"):
        object_store_jars(Settings(cache=tmp_path, s3_region="eu-west-3"))
