"""What somebody may ask to be sent, and the names that come of it."""

import datetime as dt
from typing import Any

import pytest

from fink_lib.errors import FinkError
from fink_lib.transfer.request import By, Content, TransferRequest

ASKED = {
    "survey": "ztf", "first_night": "2021-11-22", "by": "filter", "what": "sn_candidates", "asked_by": "me",
    "asked_at": "2026-01-02",
}  # fmt: skip


def asked(**changed: Any) -> TransferRequest:
    return TransferRequest.from_json({**ASKED, **changed})


def test_what_is_not_said_has_a_default() -> None:
    found = asked()
    assert found.last_night == found.first_night == dt.date(2021, 11, 22)
    assert (found.by, found.content, found.columns, found.cutouts) == (By.FILTER, Content.FULL, (), True)


def test_topics_are_those_that_finkctl_downloads() -> None:
    found = asked(transfer_id="abc123")
    assert found.topic == "ftransfer_ztf_2026-01-02_abc123"
    assert found.schema_topic == "ftransfer_ztf_2026-01-02_abc123_schema"


def test_the_same_request_has_the_same_name_and_another_has_not() -> None:
    assert asked().transfer_id == asked(last_night=None, dry_run=None).transfer_id
    names = {asked(**changed).transfer_id for changed in ({}, {"what": "other"}, {"run_id": "1"}, {"run_id": "2"})}
    assert len(names) == 4


def test_a_request_is_kept_and_read_again() -> None:
    found = asked(content="columns", columns=["candid", "candidate.magpsf"], last_night="2021-11-30", reason="a paper")
    assert TransferRequest.from_json(found.as_json()) == found


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"first_night": None}, "night"),
        ({"first_night": "22.11.2021"}, "22.11.2021"),
        ({"last_night": "2021-11-21"}, "the last night 2021-11-21 is before the first one 2021-11-22"),
        ({"by": "magic"}, "by is 'magic': give one of filter, class, predicate"),
        ({"content": "all"}, "content is 'all': give one of full, without_cutouts, columns"),
        ({"what": " "}, "nothing says which alerts"),
        ({"columns": ["candid"]}, "columns are named with content 'columns', and only then"),
        ({"content": "columns"}, "columns are named with content 'columns', and only then"),
        ({"asked_by": ""}, "say who"),
        ({"transfer_id": "../x"}, "'../x' is not usable"),
        ({"transfer_id": "x" * 33}, "is not usable"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(FinkError, match=reason):
        asked(**changed)
