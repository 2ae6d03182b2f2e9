"""The equations as numbers, without Spark or Kafka."""

from hypothesis import given
from hypothesis import strategies as st

from fink_lib.nightly.reconcile.equation import (
    NAMED_AT_MOST,
    Attribution,
    Difference,
    Equation,
    Fault,
    Message,
    TopicAccount,
    check,
    differences,
    offered_equation,
)


def topic(**by_night: Attribution) -> TopicAccount:
    nights = {(None if name == "null" else f"2021-11-{name[1:]}"): part for name, part in by_night.items()}
    return TopicAccount("t", sum(part.offered for part in nights.values()), nights)


def test_a_night_takes_its_share_of_every_topic() -> None:
    topics = [topic(n22=Attribution(4, 1), null=Attribution(0, 7)), topic(n22=Attribution(1), n23=Attribution(9))]
    equation = offered_equation("2021-11-22", topics, ())
    assert equation.text == "6 offered = 5 bronze + 1 quarantine"
    assert equation.holds


def test_a_lost_message_breaks_the_sum() -> None:
    equation = offered_equation("2021-11-22", [topic(n22=Attribution(4, 0, 1))], ())
    assert equation.text == "5 offered ≠ 4 bronze + 0 quarantine"
    assert not equation.holds


def test_a_loss_that_was_accepted_is_a_term_of_the_equation() -> None:
    topics = [topic(n22=Attribution(4, 0, 0, 2), null=Attribution(accepted=1)), topic(n22=Attribution(1))]
    equation = offered_equation("2021-11-22", topics, ())
    assert equation.text == "7 offered = 5 bronze + 0 quarantine + 2 accepted losses"
    assert equation.holds
    assert all(one.adds_up for one in topics)


def test_a_fault_breaks_the_equation_even_where_the_sums_agree() -> None:
    fault = Difference(Fault.LOST, 1, (Message("t", 0, 5),))
    equation = offered_equation("2021-11-22", [topic(n22=Attribution(4))], (fault,))
    assert equation.total == sum(equation.parts.values())
    assert not equation.holds


def test_the_sentence_names_counts_and_the_first_ids() -> None:
    named = tuple(Message("t", 0, offset, alert_id=100 + offset) for offset in range(9))
    broken = Equation("offered", 12, {"bronze": 3, "quarantine": 0}, (Difference(Fault.LOST, 9, named),))
    fine = Equation("enriched", 3, {"silver": 3})
    error = check("ztf 2021-11-22", [broken, fine])
    assert error is not None
    assert str(error) == (
        "the night ztf 2021-11-22 does not add up: 12 offered ≠ 3 bronze + 0 quarantine, "
        "9 offered by Kafka, but neither in bronze nor in quarantine (first: 100, 101, 102, 103, 104); "
        "what is gone for good is accepted, with a reason, by `fink losses accept`: then close the night again"
    )
    assert check("ztf 2021-11-22", [fine]) is None


def test_names_are_capped_and_the_count_is_kept() -> None:
    many = [Message("t", 0, offset) for offset in range(NAMED_AT_MOST + 5)]
    (found,) = differences({Fault.LOST: (len(many), many), Fault.KEPT_TWICE: (0, [])})
    assert found.count == NAMED_AT_MOST + 5
    assert len(found.named) == NAMED_AT_MOST


@given(st.lists(st.tuples(*[st.integers(0, 50)] * 3), min_size=1, max_size=5))
def test_the_nights_of_a_topic_add_up_to_it(parts: list[tuple[int, int, int]]) -> None:
    nights = {f"n{22 + index}": Attribution(*part) for index, part in enumerate(parts)}
    whole = topic(**nights)
    assert whole.adds_up
    assert whole.offered == sum(map(sum, parts))
    offered = [offered_equation(night, [whole], ()).total for night in whole.by_night if night]
    assert sum(offered) == whole.offered
