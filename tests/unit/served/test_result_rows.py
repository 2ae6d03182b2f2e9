"""Tables on topics, without Kafka: names that nobody shares, rows as Avro, and what is kept of a topic."""

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_lib.config import Settings
from fink_lib.errors import LockHeld
from fink_lib.kafka.users import check_user
from fink_lib.served.private import KINDS, PrivateTable, columns_of
from fink_lib.served.results.book import ResultTopic, ResultTopics
from fink_lib.served.results.names import kafka_account, topic_of
from fink_lib.served.results.rows import ROWS_AT_ONCE, datums_of, schema_of_rows

PERSONS = ["ada", "ada.b", "ada-b", "ada_b", "0", "x-y", "a" * 25, "a" * 26, "a" * 64, "x-" + "0" * 20]
MOMENT, DAY = dt.datetime(2021, 11, 22, 3, 4, 5, 678901, dt.UTC).replace(tzinfo=None), dt.date(2021, 11, 22)
EXTREMES: dict[str, list[Any]] = {
    "bool": [True, None], "int8": [-128, None], "int16": [-32768, 7], "int32": [-(2**31), None], "int64": [-(2**63), 1],
    "uint8": [255, None], "uint16": [65535, 0], "uint32": [2**32 - 1, None], "float": [1.5, None],
    "double": [1e300, None], "string": ["é\n", None], "date32[day]": [DAY, None], "timestamp[us]": [MOMENT, None],
}  # fmt: skip


def rows_of(file: Path, columns: dict[str, str]) -> list[Any]:
    schema = fastavro.parse_schema(json.loads(schema_of_rows(columns)))
    return [fastavro.schemaless_reader(io.BytesIO(one), schema, None) for one in datums_of(file)]


def test_every_person_has_an_account_and_a_topic_of_his_own() -> None:
    accounts = [kafka_account(one) for one in PERSONS]
    assert len(set(accounts)) == len(PERSONS)
    for one in accounts:
        check_user(one)
    tables = [PrivateTable("near", one, version="0123456789abcdef") for one in PERSONS]
    tables += [PrivateTable("near", "ada", one, version="0123456789abcdef") for one in PERSONS]
    names = {topic_of(one).replace(".", "_") for one in tables}  # Kafka takes both for the same
    assert len(names) == len(tables)
    assert {one for one in map(topic_of, tables) if len(one) > 249} == set()


def test_rows_of_every_type_are_read_back(tmp_path: Path) -> None:
    assert EXTREMES.keys() == KINDS.keys()
    values = {f"c{number}": pa.array(column, KINDS[kind]) for number, (kind, column) in enumerate(EXTREMES.items())}
    table = pa.table(values)
    pq.write_table(table, tmp_path / "rows.parquet")
    found = rows_of(tmp_path / "rows.parquet", columns_of(table.schema))
    texts = {MOMENT: "2021-11-22T03:04:05.678901", DAY: "2021-11-22"}
    expected = [{name: texts.get(value, value) for name, value in row.items()} for row in table.to_pylist()]
    assert found == expected


@pytest.mark.parametrize("rows", [0, 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE + 7])
def test_rows_keep_their_order(tmp_path: Path, rows: int) -> None:
    said = pa.array([str(n) for n in range(rows)], pa.string())
    table = pa.table({"n": pa.array(range(rows), pa.int64()), "said": said})
    pq.write_table(table, tmp_path / "rows.parquet")
    assert rows_of(tmp_path / "rows.parquet", columns_of(table.schema)) == table.to_pylist()


def test_a_topic_is_that_of_one_version_and_counts_once_it_is_whole(settings: Settings) -> None:
    book, table = ResultTopics(settings), PrivateTable("near", "ada", version="1" * 16)
    assert (book.is_used, book.every()) == (False, [])
    begun = book.save(ResultTopic.of(table))
    assert (book.is_used, book.of_table(table)) == (True, None)
    whole = book.save(ResultTopic(begun.topic, "ada", "", "near", "1" * 16, rows=3, sent_at=1.0))
    assert book.every() == [whole] == [book.of_table(table)]
    assert book.of_table(PrivateTable("near", "ada", version="2" * 16)) is None
    assert book.of_table(PrivateTable("near", "ada", "sn", version="1" * 16)) is None
    book.forget(whole)
    assert book.every() == []


def test_a_topic_is_looked_up_by_its_own_file_alone(settings: Settings) -> None:
    book, table = ResultTopics(settings), PrivateTable("near", "ada", version="1" * 16)
    whole = book.save(ResultTopic(topic_of(table), "ada", "", "near", "1" * 16, rows=3))
    (book.root / "fresult.person.bob.torn.22222222.json").write_text("{")
    assert book.of_table(table) == whole


def test_a_topic_that_is_forgotten_while_all_are_listed_is_left_out(settings: Settings) -> None:
    book = ResultTopics(settings)
    book.save(ResultTopic("kept", "ada", "", "near", "1" * 16))
    (book.root / "gone.json").symlink_to(book.root / "nowhere")
    assert [one.topic for one in book.every()] == ["kept"]


def test_who_reads_is_changed_while_rows_are_sent(settings: Settings) -> None:
    book = ResultTopics(settings)
    begun = book.save(ResultTopic.of(PrivateTable("near", "ada", version="1" * 16)))
    with book.filling(begun.topic), book.changing():
        with pytest.raises(LockHeld), book.filling(begun.topic, 0):
            pass
        with book.filling("another", 0):
            book.forget(begun)
    assert [path.name for path in book.root.iterdir() if begun.topic in path.name] == []
