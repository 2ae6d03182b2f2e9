"""What science costs is added up by night, and never stops a stream."""

import datetime as dt
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from fink_lib.enrich.cost import CostBook, SumByName
from fink_lib.enrich.cost_file import cost_path, read_cost

ONE, OTHER = dt.date(2021, 11, 22), dt.date(2021, 11, 23)


class OneProcess:
    """Stands for a Spark context: what workers add is here at once."""

    def accumulator(self, value: Any, _: Any) -> Any:
        return type("Spent", (), {"value": value})()


def nights(*counts: tuple[dt.date | None, int]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array([night for night, count in counts for _ in range(count)], pa.date32())])


@pytest.fixture
def book(tmp_path: Path) -> CostBook:
    context: Any = OneProcess()
    return CostBook(context, tmp_path / "ztf.enrich")


def test_seconds_go_to_the_nights_of_a_batch_by_their_alerts(book: CostBook, tmp_path: Path) -> None:
    adder = SumByName()
    adder.addInPlace(book.spent.value, {"cats": 4.0, "host": 1.0})
    book.note(nights((ONE, 3), (OTHER, 1)))
    adder.addInPlace(book.spent.value, {"cats": 2.0})
    book.note(nights((ONE, 2)))
    one, other = (read_cost(cost_path(tmp_path / "ztf.enrich", night)) for night in (ONE, OTHER))
    assert one == {"alerts": 5, "seconds": {"cats": 5.0, "host": 0.75}}
    assert other == {"alerts": 1, "seconds": {"cats": 1.0, "host": 0.25}}
    assert adder.zero({"cats": 1.0}) == {}


def test_a_later_driver_goes_on_where_an_earlier_one_ended(book: CostBook, tmp_path: Path) -> None:
    context: Any = OneProcess()
    for each in (book, CostBook(context, tmp_path / "ztf.enrich")):
        each.spent.value["cats"] = 1.5
        each.note(nights((ONE, 2)))
    assert read_cost(cost_path(tmp_path / "ztf.enrich", ONE)) == {"alerts": 4, "seconds": {"cats": 3.0}}
    assert read_cost(cost_path(tmp_path / "ztf.enrich", OTHER)) == {"alerts": 0, "seconds": {}}


def test_a_file_that_cannot_be_used_is_logged_and_stops_nothing(
    book: CostBook, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = cost_path(tmp_path / "ztf.enrich", ONE)
    path.parent.mkdir(parents=True)
    path.write_text("cut sh")
    book.spent.value["cats"] = 1.0
    with caplog.at_level(logging.ERROR):
        book.note(nights((ONE, 2)))
    assert "stream=ztf.enrich cost of its science not written" in caplog.text
