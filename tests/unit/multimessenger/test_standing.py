"""What stands of an event after several notices: by revision or time of writing, in whatever order they arrived."""

import datetime as dt
import itertools

import pytest

from fink_lib.multimessenger.event import Action, Event, Localization, Messenger, Purpose, Shape
from fink_lib.multimessenger.standing import Standing, Told, standing

START = dt.datetime(2023, 10, 18, 3, 0, tzinfo=dt.UTC)
NOWHERE = Localization()


def circle(radius_deg: float) -> Localization:
    return Localization(Shape.CIRCLE, 10.0, 20.0, radius_deg, radius_deg, containment=0.9)


def told(
    name: str,
    minute: int,
    where: Localization = NOWHERE,
    *,
    action: Action = Action.UPDATE,
    instrument: str = "bat",
    revision: int | None = None,
    dated: bool = True,
) -> Told:
    moment = START + dt.timedelta(minutes=minute)
    event = Event(
        "swift", instrument, "7", "kind", Messenger.GAMMA_RAY, action, Purpose.OBSERVATION,
        trigger_time=moment, notice_time=moment if dated else None, revision=revision, where=where,
    )  # fmt: skip
    return Told(name, moment, event)


def stands(*notices: Told) -> Standing:
    """Return what stands; every order of arrival gives the same."""
    found = [standing(order) for order in itertools.permutations([*notices, notices[0]])]
    assert all(one == found[0] for one in found)
    (event,) = found[0]
    return event


def test_initial_update_retraction() -> None:
    first, second = told("a", 0, circle(3.0), action=Action.INITIAL), told("b", 5, circle(1.0))
    last = told("c", 9, action=Action.RETRACTION)
    one = stands(first)
    assert (one.last.notice_id, one.retracted, one.notices) == ("a", False, 1)
    two = stands(first, second)
    assert (two.where, two.last, two.retracted) == (second, second, False)
    three = stands(first, second, last)
    assert (three.where, three.last, three.retracted, three.notices) == (second, last, True, 3)
    assert three.trigger_time == START
    assert len({one.basis, two.basis, three.basis}) == 3


def test_revisions_rule_over_times_where_all_have_one() -> None:
    late_first = told("a", 30, circle(3.0), revision=1)
    assert stands(late_first, told("b", 5, circle(1.0), revision=2)).last.notice_id == "b"
    assert stands(late_first, told("b", 5, circle(1.0))).last.notice_id == "a"


def test_a_retraction_that_is_superseded_stands_no_more() -> None:
    gone, back = told("a", 5, action=Action.RETRACTION), told("b", 9, circle(2.0))
    assert not stands(gone, back).retracted
    assert stands(gone, told("b", 1, circle(2.0))).retracted


def test_any_instrument_can_retract() -> None:
    xrt = told("x", 9, circle(0.001), instrument="xrt")
    event = stands(told("a", 5, circle(0.05)), told("b", 6, action=Action.RETRACTION), xrt)
    assert (event.retracted, event.last.notice_id) == (True, "b")


def test_the_best_place_of_the_last_words() -> None:
    xrt, bat = told("x", 2, circle(0.001), instrument="xrt"), told("b", 9, circle(0.05))
    event = stands(told("a", 0, circle(0.0001)), bat, xrt)  # a is superseded by b, however small its circle
    assert (event.where, event.last) == (xrt, bat)


def test_an_update_without_a_place_leaves_it() -> None:
    placed = told("a", 0, circle(0.6), dated=False)
    event = stands(placed, told("b", 5, dated=False))
    assert (event.where, event.last.notice_id) == (placed, "b")


@pytest.mark.parametrize("notices", [[], [told("a", 0)]])
def test_without_a_place_there_is_none(notices: list[Told]) -> None:
    assert [one.where for one in standing(notices)] == [None] * len(notices)
