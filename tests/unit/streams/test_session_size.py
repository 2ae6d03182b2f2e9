"""What a session is made of follows from settings: how wide it works, and what it needs for an object store."""

from pathlib import Path

import pytest

from fink_lib.config import Settings
from fink_lib.lake.spark import session
from fink_lib.lake.spark.session import session_conf

SHUFFLE, LOG = "spark.sql.shuffle.partitions", "spark.databricks.delta.snapshotPartitions"
CLUSTER = "spark://127.0.0.1:7077"


@pytest.fixture(autouse=True)
def no_jars(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(session, "session_jars", lambda _: [tmp_path / "one.jar"])


def test_unset_it_is_as_ever(tmp_path: Path) -> None:
    conf = session_conf("a", Settings(home=tmp_path))
    assert (conf[SHUFFLE], conf[LOG]) == ("1", "1")
    assert not {"spark.cores.max", "spark.executor.memory", "spark.default.parallelism"} & set(conf)
    wide = session_conf("a", Settings(home=tmp_path, spark_codegen=True))
    assert (wide[SHUFFLE], wide[LOG]) == ("2", "2")


def test_on_a_cluster_it_is_as_told(tmp_path: Path) -> None:
    told = {"spark_cores": 64, "spark_partitions": 200, "executor_memory": "6g"}
    conf = session_conf("a", Settings(home=tmp_path, spark_master=CLUSTER, **told))
    assert (conf[SHUFFLE], conf[LOG]) == ("200", "200")
    assert (conf["spark.cores.max"], conf["spark.default.parallelism"]) == ("64", "64")
    assert conf["spark.executor.memory"] == "6g"
    here = session_conf("a", Settings(home=tmp_path, **told))
    assert (here[SHUFFLE], "spark.cores.max" in here) == ("200", False)


def test_a_job_may_ask_for_its_own(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, spark_master=CLUSTER, executor_memory="6g")
    assert session_conf("a", settings, conf={"spark.executor.memory": "512m"})["spark.executor.memory"] == "512m"


def test_the_archive_of_classes_is_for_sessions_without_an_object_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Settings(home=tmp_path, cache=tmp_path)
    bare.class_archive.parent.mkdir(parents=True)
    bare.class_archive.touch()
    assert str(bare.class_archive) in session_conf("a", bare)["spark.driver.extraJavaOptions"]
    monkeypatch.setattr(session, "object_store_jars", lambda _: [tmp_path / "s3.jar"])
    conf = session_conf("a", bare.model_copy(update={"s3_region": "eu-west-3"}))
    assert conf["spark.driver.extraJavaOptions"] == bare.batch_java_options
    assert conf["spark.driver.extraClassPath"] == f"{tmp_path / 'one.jar'}:{tmp_path / 's3.jar'}"
    assert conf["spark.delta.logStore.s3a.impl"] == "fink.lake.ConditionalLogStore"
    assert "spark.delta.logStore.s3a.impl" not in session_conf("a", bare)
