"""Requests to try alerts again: kept until a driver deals with them, each once."""

from pathlib import Path

import pytest

from fink_lib.config import Settings
from fink_lib.errors import LakeError
from fink_lib.streams.requests import FILE, Asked, Requests
from fink_lib.streams.spec import Stage, StreamSpec


def one(offset: int, why: str = "mended") -> Asked:
    return Asked("2021-11-22", 100 + offset, "ztf", 3, offset, "NAME", why)


@pytest.fixture
def requests(tmp_path: Path) -> Requests:
    return Requests(StreamSpec("ztf", Stage.ENRICH, Settings(home=tmp_path)))


def test_an_alert_is_asked_for_once_and_is_gone_when_it_is_dealt_with(requests: Requests) -> None:
    assert not requests.are_there
    assert requests.add([one(1), one(2)]) == 2
    assert requests.add([one(2, "again"), one(3)]) == 1
    assert requests.read() == [one(1), one(2), one(3)]
    assert requests.wait([one(2)], timeout_s=0) == [one(2)]
    requests.drop([one(1), one(2)])
    assert requests.wait([one(2)], timeout_s=0) == []
    assert requests.are_there
    requests.drop(requests.read())
    assert not requests.are_there
    assert requests.read() == []


def test_a_damaged_file_is_named_with_the_way_out(requests: Requests) -> None:
    requests.add([one(1)])
    requests._path.write_text("{")
    with pytest.raises(LakeError, match=rf"{FILE} is damaged: delete it"):
        requests.read()


def test_only_enrich_takes_requests(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ztf\.ingest takes no requests"):
        Requests(StreamSpec("ztf", Stage.INGEST, Settings(home=tmp_path)))
