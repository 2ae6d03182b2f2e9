"""Writers that commit to one table at the same instants: the file system says who was first, and nobody loses a row."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from fink_lib.bench.commits import DELTA_RS, Contest, judge
from fink_lib.config import Settings
from fink_lib.lake.spark.log_store import CLASS

pytestmark = pytest.mark.spark

ROUNDS = 300
APPENDS = 12


@pytest.fixture(scope="module")
def contest(jars: dict[str, Path]) -> Iterator[Contest]:
    with Contest(Settings()) as opened:
        yield opened


def test_of_two_jvms_one_is_told_that_an_entry_is_its_own(contest: Contest) -> None:
    race = contest.race(CLASS, ROUNDS)
    assert (race.both, race.lost) == (0, 0)
    assert sum(race.told.values()) == ROUNDS


def test_of_a_jvm_and_delta_rs_one_is_told_that_an_entry_is_its_own(contest: Contest) -> None:
    race = contest.race_delta_rs(CLASS, ROUNDS)
    assert (race.both, race.lost) == (0, 0)
    assert sum(race.told.values()) == ROUNDS


def test_who_dies_half_way_leaves_no_entry(contest: Contest, tmp_path: Path) -> None:
    contest.die(CLASS, tmp_path)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".")
    assert left.stat().st_size > 0, "it was half written"


def test_a_loss_is_seen(tmp_path: Path) -> None:
    """What the races are judged by finds both kinds of wrong."""
    for number, writer in ((1, "a"), (2, "b"), (3, DELTA_RS)):
        (tmp_path / f"{number:020}.json").write_text(f'{{"add":{{"path":"{writer}-{number}.parquet"}}}}\n')
    race = judge("", 4, tmp_path, {"a": {1, 2}, "b": {2, 4}, DELTA_RS: {3}})
    assert (race.both, race.lost) == (1, 2)


def test_spark_and_delta_rs_append_to_one_table(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "table"
    write_deltalake(path, pa.table({"id": pa.array([0])}), configuration={"delta.checkpointInterval": "5"})
    problems: list[Exception] = []

    def append() -> None:
        try:
            for number in range(APPENDS):
                write_deltalake(path, pa.table({"id": pa.array([100 + number])}), mode="append")
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shall show it
            problems.append(error)

    beside = threading.Thread(target=append)
    beside.start()
    for number in range(APPENDS):
        spark.createDataFrame([(200 + number,)], "id long").write.format("delta").mode("append").save(str(path))
    beside.join()
    assert problems == []
    wanted = [0, *range(100, 100 + APPENDS), *range(200, 200 + APPENDS)]
    assert sorted(DeltaTable(path).to_pyarrow_table()["id"].to_pylist()) == wanted
    assert sorted(row["id"] for row in spark.read.format("delta").load(str(path)).collect()) == wanted
    names = sorted(file.name for file in (path / "_delta_log").iterdir())
    assert [name for name in names if name.endswith(".tmp")] == []
    assert [name for name in names if name.endswith((".json.crc", "_last_checkpoint.crc"))] == [], "not by Hadoop"
    assert any(name.endswith(".checkpoint.parquet") for name in names)


@pytest.fixture
def hadoop(spark: SparkSession) -> Any:
    """Hadoop's package of file systems, inside the JVM."""
    return spark._jvm.org.apache.hadoop.fs


@pytest.fixture
def conf(spark: SparkSession) -> Any:
    """Hadoop's configuration, inside the JVM."""
    return spark._jsc.hadoopConfiguration()


def log_store(spark: SparkSession, table: Any) -> Any:
    """The log store that Spark takes for a table."""
    return spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(spark._jsparkSession, table).store()


def test_checksums_that_an_earlier_store_left_are_not_compared_with_new_entries(
    spark: SparkSession, hadoop: Any, conf: Any, tmp_path: Path
) -> None:
    path, log = tmp_path / "table", tmp_path / "table" / "_delta_log"
    write_deltalake(path, pa.table({"id": pa.array([0])}))
    stream = hadoop.FileSystem.getLocal(conf).create(hadoop.Path(str(tmp_path / "other")))
    stream.write(7)
    stream.close()
    entry, pointer = log / f"{1:020}.json", log / "_last_checkpoint"
    for file in (entry, pointer):
        shutil.copy(tmp_path / ".other.crc", log / f".{file.name}.crc")
    spark.createDataFrame([(1,)], "id long").write.format("delta").mode("append").save(str(path))
    assert not (log / f".{entry.name}.crc").exists()
    DeltaTable(path).create_checkpoint()
    assert pointer.is_file()
    assert (log / f".{pointer.name}.crc").is_file(), "delta-rs leaves it, and Hadoop's file system would stumble"
    store = log_store(spark, hadoop.Path(f"file://{path}"))
    assert '"version":1' in store.read(hadoop.Path(f"file://{pointer}"), conf).mkString("")
    assert spark.read.format("delta").load(str(path)).count() == 2


def test_checkpoints_are_not_written_under_their_own_names(
    spark: SparkSession, hadoop: Any, conf: Any, tmp_path: Path
) -> None:
    """Delta asks the store whether a file is seen while it is written; a local one is, so it renames checkpoints."""
    path = hadoop.Path(f"file://{tmp_path}")
    assert log_store(spark, path).isPartialWriteVisible(path, conf)


def facts_of(status: str) -> list[str]:
    """What Hadoop prints of a file: its path, kind, length, replicas, size of blocks, and when it was written."""
    return status.partition("{")[2].split("; ")[:6]


def test_a_log_is_listed_from_an_entry_on_as_hadoop_lists_it(
    spark: SparkSession, hadoop: Any, conf: Any, tmp_path: Path
) -> None:
    path, log = tmp_path / "table", tmp_path / "table" / "_delta_log"
    for number in range(12):
        kept = {"delta.checkpointInterval": "5"}
        write_deltalake(path, pa.table({"id": pa.array([number])}), mode="append", configuration=kept)
    store = log_store(spark, hadoop.Path(f"file://{path}"))
    there = {str(one.getPath()): one for one in hadoop.FileSystem.getLocal(conf).listStatus(hadoop.Path(str(log)))}
    for first in (0, 7, 11, 12):
        least = f"{first:020}."
        found = list(store.listFrom(hadoop.Path(f"file://{log}/{least}"), conf).toList().mkString("\n").splitlines())
        wanted = [there[name].toString() for name in sorted(there) if name.rpartition("/")[2] >= least]
        assert list(map(facts_of, found)) == list(map(facts_of, wanted))
    with pytest.raises(Exception, match="No such file or directory"):
        store.listFrom(hadoop.Path(f"file://{tmp_path}/none/_delta_log/{0:020}.json"), conf)
    assert spark.read.format("delta").load(str(path)).count() == 12
