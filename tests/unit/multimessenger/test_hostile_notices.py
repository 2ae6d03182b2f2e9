"""Notices that no sender should write: each is kept with a reason, and stops none of those beside it."""

import datetime as dt
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fink_lib.multimessenger.browse import notice_rows
from fink_lib.multimessenger.event import Shape
from fink_lib.multimessenger.parsing import Outcome, parse
from fink_lib.multimessenger.store import Notice, keep, read_told

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
HALF = "\ud800"  # of a character: JSON can write it, UTF-8 cannot


def gw(**more: Any) -> bytes:
    event = {"time": "2023-05-18T12:59:00Z", **more}
    return json.dumps({"superevent_id": "S230518h", "alert_type": "INITIAL", "event": event}).encode()


def unified(kind: str = "maxi/gsc.unknown", **more: Any) -> bytes:
    facts = {"id": ["7"], "trigger_time": "2023-05-18T12:59:00Z", "ra": 10.0, "dec": 20.0, "ra_dec_error": 1.0}
    address = f"https://gcn.nasa.gov/schema/main/gcn/notices/{kind}.schema.json"
    return json.dumps({"$schema": address, **facts, **more}).encode()


def voevent(stream: str = "Fermi", body: str = "", head: str = "", encoding: str = "utf-8") -> bytes:
    text = f'{head}<v:VOEvent xmlns:v="x" ivorn="ivo://gcn/{stream}#GBM_Alert_1">{body}</v:VOEvent>'
    return text.encode(encoding)


HOSTILE = {
    "significant is 'yes', which is neither true nor false": gw(significant="yes"),
    "significant is '1', which is neither true nor false": gw(significant=1),
    "is no name of a superevent": gw().replace(b"S230518h", b"\\ud800"),
    "'\\ud800' holds half of a character": gw(classification={HALF: 1.0}),
    "'a\\ud800' holds half of a character": unified(event_name=f"a{HALF}"),
    "revision 1000000000000000019884624838656, which": unified(record_number=1e30),
    "revision 10000000000000000000, which is no number of 64 bits": voevent(
        body='<What><Param name="Rev" value="1e19"/></What>'
    ),
    "a mission called ''": unified(""),
    f"a mission called '{'x' * 65}'": voevent("X" * 65),
    "a mission called 'a b'": unified("a b/c"),
    "XML with zero bytes": voevent(
        head='<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>', body="<Who>&b;</Who>", encoding="utf-16-le"
    ),
    "the containment of the error region is 95.0": unified(
        rectangular_error_corners=[[9, 19], [9, 21], [11, 21], [11, 19]], containment_probability=95
    ),
}


def test_no_notice_stops_the_others(tmp_path: Path) -> None:
    notices = [Notice(content, NOW) for content in (*HOSTILE.values(), gw(significant=True))]
    assert keep(tmp_path, notices) == Counter(unreadable=len(HOSTILE), event=1, held=0)
    told = {row["notice_id"]: row["reason"] for row in notice_rows(tmp_path)}
    for notice, reason in zip(notices, HOSTILE, strict=False):
        assert reason in told[notice.notice_id]
    (event,) = read_told(tmp_path)
    assert (event.event.event_id, event.event.significant) == ("lvk:S230518h", True)


def test_a_reason_does_not_quote_megabytes() -> None:
    reason = parse(unified(alert_type="x" * 10**6)).reason
    assert len(reason) < 500
    assert reason.endswith("x…")


@pytest.mark.parametrize(
    "more",
    [
        {"ra_dec_error": -1.0},
        {"ra_dec_error": 1e308},
        {"ra_dec_error": [181.0, 1.0, 0.0]},
        {"rectangular_error_corners": [[9.0, 19.0], [9.0, 21.0]]},
        {"rectangular_error_corners": [[9.0, 19.0], [9.0, 21.0], [9.0, 19.0]]},
    ],
)
def test_an_error_that_encloses_nothing_leaves_the_position(more: dict[str, Any]) -> None:
    parsed = parse(unified(**more))
    assert parsed.event is not None, parsed.reason
    where = parsed.event.where
    assert (where.shape, where.ra_deg, where.dec_deg) == (Shape.NONE, 10.0, 20.0)


@pytest.mark.parametrize(("ra", "wanted"), [(360, 0.0), (-1e-20, 0.0), (-10, 350.0), (359.9999, 359.9999)])
def test_a_right_ascension_is_within_a_turn(ra: float, wanted: float) -> None:
    event = parse(unified(ra=ra, dec=-90)).event
    assert event is not None
    assert (event.where.ra_deg, event.where.dec_deg) == (wanted, -90.0)


def test_a_notice_of_another_offset_from_utc() -> None:
    event = parse(unified(trigger_time="2023-10-18T00:30:00+02:00")).event
    assert event is not None
    assert event.trigger_time == dt.datetime(2023, 10, 17, 22, 30, tzinfo=dt.UTC)


def test_an_empty_notice_is_kept(tmp_path: Path) -> None:
    keep(tmp_path, [Notice(b"", NOW)])
    (row,) = notice_rows(tmp_path)
    assert (row["outcome"], row["reason"]) == (str(Outcome.UNREADABLE), "an empty notice")
