"""Passing or lasting: told by the class of an error of ours, and by the words of Spark, Delta and Kafka."""

import pytest

from fink_lib.errors import BrokerError, ConfigError, LakeError, PacketError, StreamFailed
from fink_lib.processes.error_summary import sentence_of
from fink_lib.processes.faults import Fault, fault_in, fault_of, may_be_of_an_alert

INSIDE = """[STREAM_FAILED] Query [id = 1] terminated with exception: Return Message: Traceback (most recent call last):
  File "stream.py", line 8, in write
    except TimeoutError: pass
{line}
 SQLSTATE: 39000"""


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (BrokerError("Kafka is away"), Fault.PASSING),
        (ConfigError("no such topic"), Fault.LASTING),
        (StreamFailed("stream 'ztf.enrich' ended without being asked to"), Fault.UNKNOWN),
        (StreamFailed("the last micro-batch before the stop failed: LakeError: no column"), Fault.LASTING),
        (ConnectionRefusedError("111"), Fault.PASSING),
        (ModuleNotFoundError("no module named fink_lib.science.x"), Fault.LASTING),
        (ValueError("setting an array element"), Fault.UNKNOWN),
    ],
)
def test_an_error_is_judged_by_its_class(error: Exception, fault: Fault) -> None:
    assert fault_of(error) is fault


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("fink_lib.errors.BrokerError: Kafka refused an alert for topic x", Fault.PASSING),
        ("fink_lib.errors.LakeError: packets of 2 schemas", Fault.LASTING),
        ("pyo3_runtime.PanicException: index out of bounds", Fault.UNKNOWN),
        ("ValueError: a batch of 3", Fault.UNKNOWN),
        ("java.io.IOException: No space left on device", Fault.LASTING),
        ("org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node", Fault.PASSING),
        ("org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized", Fault.LASTING),
        ("org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed", Fault.LASTING),
        (
            "java.lang.IllegalStateException: Cannot fetch offset 12 (GroupId: g). Some data may have been lost",
            Fault.PASSING,
        ),
        ("io.delta.exceptions.ConcurrentAppendException: [DELTA_CONCURRENT_APPEND] files were added", Fault.PASSING),
        ("io.delta.exceptions.MetadataChangedException: [DELTA_METADATA_CHANGED] changed", Fault.PASSING),
        (
            "org.apache.spark.sql.delta.DeltaAnalysisException: [DELTA_METADATA_MISMATCH] A schema mismatch detected",
            Fault.LASTING,
        ),
        ("org.apache.spark.SparkException: [FAILED_READ_FILE.NO_HINT] Encountered error while reading", Fault.LASTING),
        ("org.apache.spark.SparkException: Python worker exited unexpectedly (crashed)", Fault.UNKNOWN),
        ("java.io.FileNotFoundException: /lake/part-0.parquet", Fault.LASTING),
        (
            "pyspark.errors.exceptions.captured.AnalysisException: [UNRESOLVED_COLUMN.WITH_SUGGESTION] `rbb` cannot",
            Fault.LASTING,
        ),
    ],
)
def test_what_spark_delta_and_kafka_say_is_read(line: str, fault: Fault) -> None:
    assert fault_of(RuntimeError(INSIDE.format(line=line))) is fault
    assert fault_in(f"the driver ended with code 1 before it began: {line}") is fault


def test_a_crash_of_the_python_worker_is_no_passing_trouble_of_a_connection() -> None:
    """A module that ends its process, on the same alert each time, is not to be tried for ever."""
    text = """An error occurred while calling o280.collectToPython.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 1 in stage 47.0 failed 1 times, most recent
Caused by: org.apache.spark.SparkException: Python worker exited unexpectedly (crashed):
Caused by: java.net.SocketException: Connection reset
"""
    assert fault_of(RuntimeError(text)) is Fault.UNKNOWN
    assert sentence_of(RuntimeError(text)).startswith("Python worker exited unexpectedly: ")


def test_an_error_of_the_query_itself_is_told_without_the_names_of_the_query() -> None:
    away = "org.apache.kafka.common.errors.TimeoutException: Timed out waiting for a node assignment"
    query = "Query [id = 8ae7994a-a716-49b2-9a98-0b767a23d960, runId = 2aa2e3c4-2485-49cd-8ab8-4203286b90ee]"
    error = RuntimeError(f"[STREAM_FAILED] {query} terminated with exception: {away}")
    assert sentence_of(error) == f"RuntimeError: {away}"
    assert fault_of(error) is Fault.PASSING


@pytest.mark.parametrize(
    ("error", "may_be"),
    [
        (ValueError("setting an array element"), True),
        (PacketError("undecodable", "it ends in the middle of a text"), True),
        (RuntimeError(INSIDE.format(line="fink_lib.errors.PacketError: it ends in the middle of a text")), True),
        (RuntimeError(INSIDE.format(line="org.apache.spark.SparkArithmeticException: [DIVIDE_BY_ZERO]")), True),
        (BrokerError("Kafka did not take 3 of the messages: timed out"), False),
        (LakeError("silver and bronze hold 3 packets for 4 alerts to send"), False),
        (OSError(28, "No space left on device"), False),
        (ConnectionRefusedError("111"), False),
    ],
)
def test_an_alert_is_blamed_for_no_error_that_has_another_cause(error: Exception, *, may_be: bool) -> None:
    assert may_be_of_an_alert(error) is may_be
