import pytest

from fink_lib.processes.error_summary import sentence_of

HEAD = "[STREAM_FAILED] Query [id = 1] terminated with exception: Return Message: "
PYTHON = """Traceback (most recent call last):
  File "utils.py", line 162, in call
    self.func(frame, batch_id)
  File "stream.py", line 8, in write
    raise ValueError("this batch cannot be written")
ValueError: this batch cannot be written
 SQLSTATE: 39000"""
JAVA = """Traceback (most recent call last):
  File "table.py", line 93, in append_once
    .save(str(path))
py4j.protocol.Py4JJavaError: An error occurred while calling o310.save.
: java.io.IOException: No space left on device
\tat java.base/java.io.FileOutputStream.write(FileOutputStream.java:1)
"""

STAGE = """An error occurred while calling o1037.save.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 5.0 failed 1 times
\tat org.apache.spark.scheduler.DAGScheduler.abortStage(DAGScheduler.scala:1)
Caused by: org.apache.spark.SparkException: [TASK_WRITE_FAILED] Task failed while writing rows
\tat java.base/java.lang.Thread.run(Thread.java:1)
Caused by: {cause}
"""
FULL = "java.io.IOException: No space left on device"
DAMAGED = (
    "org.apache.spark.SparkException: [FAILED_READ_FILE.NO_HINT] Encountered error while reading file "
    "file:///data/home/lake/{table}/part-00000-ab.c000.zstd.parquet. SQLSTATE: KD001"
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + PYTHON, "ValueError: this batch cannot be written"),
        (HEAD + JAVA, "java.io.IOException: No space left on device"),
        (f"{JAVA}\nThe above exception was the cause of:\n{PYTHON}", "ValueError: this batch cannot be written"),
        (STAGE.format(cause=FULL), FULL),
        ("Kafka is away\nand more", "RuntimeError: Kafka is away"),
        ("", "RuntimeError: no message"),
    ],
)
def test_the_line_that_names_the_fault_is_found(text: str, sentence: str) -> None:
    assert sentence_of(RuntimeError(text)) == sentence


def test_a_damaged_log_of_a_table_is_not_mended_by_loading_anew() -> None:
    cause = "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file file:///lake/gold__catalog_a/_delta_log/0.json."
    assert sentence_of(RuntimeError(cause)) == (
        "file _delta_log/0.json of table gold__catalog_a is missing or damaged (/lake/gold__catalog_a): "
        "restore it from a copy of the lake"
    )


@pytest.mark.parametrize(
    ("table", "way_out"),
    [
        ("gold__catalog_vsx", "`fink catalogs load vsx --again` writes it anew"),
        ("silver_ztf__alerts/night=2021-11-22", "compute its night again with `fink reprocess`"),
        ("bronze_ztf__alerts/night=2021-11-22", "restore it from a copy of the lake"),
    ],
)
@pytest.mark.parametrize("head", ["", HEAD])
def test_a_damaged_file_is_named_with_its_table_and_the_way_out(table: str, way_out: str, head: str) -> None:
    told = sentence_of(RuntimeError(head + STAGE.format(cause=DAMAGED.format(table=table))))
    name, _, night = table.partition("/")
    file = f"{night}/part-00000-ab.c000.zstd.parquet".removeprefix("/")
    assert told.startswith(f"file {file} of table {name} is missing or damaged (/data/home/lake/{name}): ")
    assert told.endswith(way_out)
    assert "\n" not in told
