"""The faults of v0.1.0 that need no broker and no JVM: its own code gives the wrong answer, today's the right one."""

import datetime as dt
import math
from pathlib import Path
from typing import Any

import broker_of_today
import file_questions
import proof_questions
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
import science_questions
import supervision_questions
from ask import answer, questions_of
from fault_answers import ANSWERS
from fault_inputs import write_inputs

from fink_lib.lake.aggregates import aggregates, holds
from fink_lib.lake.rows import Rows

QUESTIONS = questions_of(science_questions, file_questions, proof_questions, supervision_questions)
TEXTS = {"row_rules", "enrich_rules", "cuts", "predicates"}  # SQL, which is asked of rows below and beside
ARRIVED = dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC)
JD_2026, JD_2050 = 2461042.6, 2469807.5
GOOD = {"alert_id": 1, "object_id": "ZTF20aaaaaaa", "time": JD_2026, "ra": 10.0, "dec": -20.0, "kafka_time": ARRIVED}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the files that the questions name."""
    made = tmp_path_factory.mktemp("inputs")
    write_inputs(made)
    return made


def test_every_question_has_its_answers() -> None:
    assert set(QUESTIONS) == {*ANSWERS, *TEXTS}


@pytest.mark.parametrize("item", ANSWERS)
def test_v0_1_0_is_wrong_and_today_is_right(item: str, answers_of_v0_1_0: dict[str, Any], folder: Path) -> None:
    wrong, right = ANSWERS[item]
    assert answers_of_v0_1_0[item] == wrong
    assert answer(QUESTIONS[item], broker_of_today, folder) == right


def broken(rules: list[tuple[str, str]], row: dict[str, Any]) -> list[str]:
    """Return the names of the rules that a row breaks."""
    rows = Rows(ds.dataset(pa.Table.from_pylist([row])))
    held = aggregates(rows, {name: holds(predicate) for name, predicate in rules})
    return [name for name, count in held.items() if not count]


@pytest.mark.parametrize(
    ("changes", "wrong", "right"),
    [
        pytest.param({}, [], [], id="a good alert"),
        pytest.param({"time": JD_2050}, [], ["not_ahead"], id="dated 2050"),
        pytest.param({"ra": 360.0}, ["ra"], [], id="a right ascension of 360"),
        *(
            pytest.param({"object_id": name}, [], ["object_id"], id=f"an object called {name[:12]!r}")
            for name in ("../../../x", "<b>x</b>", "ZTF20\x1b[31m", "Z" * 300)
        ),
    ],
)
def test_a_packet_that_contradicts_an_alert(
    changes: dict[str, Any], wrong: list[str], right: list[str], answers_of_v0_1_0: dict[str, Any]
) -> None:
    row = {**GOOD, **changes}
    assert broken(answers_of_v0_1_0["row_rules"], row) == wrong
    assert broken(broker_of_today.row_rules_of(), row) == right


def test_v0_1_0_judged_a_right_ascension_of_360_in_two_ways(answers_of_v0_1_0: dict[str, Any]) -> None:
    row, place = {**GOOD, "ra": 360.0}, "the position is not on the sky"
    for rules in (answers_of_v0_1_0["enrich_rules"], broker_of_today.enrich_rules_of()):
        assert broken([rule for rule in rules if rule[0] == place], row) == []


def test_a_score_that_is_nan_passes_the_cut_of_v0_1_0_alone(answers_of_v0_1_0: dict[str, Any]) -> None:
    row = {"candidate": {"rb": math.nan, "nbad": 0}}
    assert broken(answers_of_v0_1_0["cuts"], row) == []
    assert broken(broker_of_today.cuts_of(), row) == ["rb"]
