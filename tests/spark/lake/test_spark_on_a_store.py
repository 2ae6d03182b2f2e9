"""Tables in an object store under Spark: made, written by workers and by Spark itself, streamed, read by file."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.host.log_store import ensure_object_store
from fink_lib.lake.delta import delta_table
from fink_lib.lake.digest import table_digest
from fink_lib.lake.small import append_rows, read_rows
from fink_lib.storage import Store
from fink_lib.storage.paths import in_store
from fink_lib.streams.runner import settings_environment
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import bronze_spec
from fink_lib.testing.nights import bronze_row
from tests.builders.object_store import BUCKET, CREDENTIALS, object_store

pytestmark = [pytest.mark.spark, pytest.mark.timeout(300)]

JOB = """
import json
import sys
from pathlib import Path

import pyarrow as pa

from fink_lib.config import Settings
from fink_lib.distribute.alerts import Silver
from fink_lib.lake.data_files import NightWriter, append
from fink_lib.lake.delta import delta_table
from fink_lib.lake.spark.batch_files import files_of
from fink_lib.lake.spark.session import build_session
from fink_lib.lake.spark.table import append_once, ensure_table, read_table, spark_schema
from fink_lib.storage.paths import in_store
from fink_lib.streams.lag import source_lag
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import bronze_spec
from fink_lib.testing.nights import bronze_row

settings, spec, scratch = Settings(), bronze_spec(ZTF), Path(sys.argv[2])
lake = in_store(sys.argv[1], settings.store)
session = build_session("store", settings)
folder = ensure_table(spec, session, lake)


def rows(first, last):
    names = set(spec.schema.names)
    return [{k: v for k, v in bronze_row(n).items() if k in names} for n in range(first, last)]


writer = NightWriter(spec, folder)
for batch in pa.Table.from_pylist(rows(0, 3), schema=spec.plain_schema).to_batches():
    writer.add(batch)
append(delta_table(folder), writer.close())
later = [tuple(row.get(name) for name in spec.schema.names) for row in rows(3, 6)]
frame = session.createDataFrame(later, spark_schema(spec))
for _ in range(2):
    append_once(frame, folder, "test", 7)
told = {"rows": read_table(spec, session, lake).count(), "batches": [], "heads": 0}


def take(batch, _):
    files = files_of(batch)
    told["batches"].append(files)
    told["heads"] += Silver(spec.plain_schema, settings.store).heads(files, ["alert_id", "night"]).num_rows


query = (
    session.readStream.format("delta").load(str(folder)).writeStream.foreachBatch(take)
    .option("checkpointLocation", str(scratch / "checkpoint")).trigger(availableNow=True).start()
)
query.awaitTermination()
sources = [source for progress in query.recentProgress for source in json.loads(progress.json)["sources"]]
told["lag"] = source_lag(sources[-1], settings.store)
told["source"] = sources[-1]["description"]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def settings(jars: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with object_store() as url, pytest.MonkeyPatch.context() as patched:
        for name, value in CREDENTIALS.items():
            patched.setenv(name, value)
        made = Settings(home=tmp_path_factory.mktemp("home"), s3_endpoint=url)
        ensure_object_store(made)
        yield made


def test_spark_writes_streams_and_reads_there(settings: Settings, tmp_path: Path) -> None:
    url = f"s3://{BUCKET}/under/spark"
    done = subprocess.run(
        [sys.executable, "-c", JOB, url, str(tmp_path)],
        env=settings_environment(settings), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    files = [file for batch in told["batches"] for file in batch]
    assert (told["rows"], told["heads"], told["lag"]) == (6, 6, 0)
    assert told["source"] == f"DeltaSource[{url}/bronze_ztf__alerts]"
    assert len(files) >= 2
    assert all(file.startswith(f"{url}/bronze_ztf__alerts/night=2021-11-22/") for file in files)
    spec, lake = bronze_spec(ZTF), in_store(url, Store(settings.s3_endpoint))
    assert sorted(row["kafka_offset"] for row in read_rows(spec, lake)) == [0, 1, 2, 3, 4, 5]
    near = tmp_path / "lake"
    append_rows(spec, near, [bronze_row(offset) for offset in range(6)])
    assert table_digest(spec.path(lake)) == table_digest(spec.path(near))
    assert delta_table(spec.path(lake)).transaction_version("test") == 7
    assert not list(Path.cwd().glob("s3*:*"))
