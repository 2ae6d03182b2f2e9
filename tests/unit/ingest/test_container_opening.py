import pytest

from fink_lib.errors import SurveyError
from fink_lib.ingest.opening import opening_of
from tests.unit.ingest.messages import ztf_message


def test_prefix_of_a_container_ends_where_its_sync_marker_begins() -> None:
    message = ztf_message()
    length = opening_of("container").prefix_of(message)
    assert length is not None
    assert message[length : length + 16] == message[-16:]


@pytest.mark.parametrize("message", [b"", b"Obj\x01", b"x" * 15, b"x" * 200])
def test_what_is_no_container_has_no_prefix(message: bytes) -> None:
    assert opening_of("container").prefix_of(message) is None


def test_prefix_of_confluent_is_its_first_five_bytes() -> None:
    prefix_of = opening_of("confluent").prefix_of
    assert prefix_of(b"\x00\x00\x00\x03\xe8x") == 5
    assert prefix_of(b"\x00\x00\x00\x03\xe8") is None
    assert prefix_of(b"\x01\x00\x00\x03\xe8x") is None


def test_unknown_framing_is_named() -> None:
    with pytest.raises(SurveyError, match=r"'pigeon'.*confluent, container"):
        opening_of("pigeon")
