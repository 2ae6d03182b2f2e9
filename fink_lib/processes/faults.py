"""Which errors pass by themselves and which a person must mend: what a driver or a job ended with, by its words."""

import re
from enum import StrEnum
from typing import Any

from fink_lib import errors
from fink_lib.errors import FinkError, PacketError, StreamFailed
from fink_lib.processes.error_summary import CRASHED, sentence_of


class Fault(StrEnum):
    """What kind of error ended something.

    ``passing``: trying again helps by itself. ``lasting``: configuration, lost data, a schema or a full disk; a person
    must mend it. ``unknown``: nobody can tell before it has happened again in the same way.
    """

    PASSING = "passing"
    LASTING = "lasting"
    UNKNOWN = "unknown"


# Spark and Delta give most errors a name in brackets, Kafka and Java a class. The first that is found decides, in the
# sentence before the rest of the text: what an error was caused by says more than what it led to.
RULES: tuple[tuple[Fault, re.Pattern[str]], ...] = (
    (Fault.UNKNOWN, re.compile(CRASHED)),
    (
        Fault.PASSING,
        re.compile(
            r"DELTA_(CONCURRENT_|METADATA_CHANGED|PROTOCOL_CHANGED)|Concurrent\w+Exception|CommitFailedError"
            r"|(Timeout|Disconnect|Network|NotLeaderOrFollower|LeaderNotAvailable|BrokerNotAvailable"
            r"|CoordinatorNotAvailable|NotEnoughReplicas|NotController)Exception|TimeoutError"
            r"|Connection (refused|reset)|Timed out|No resolvable bootstrap|_TRANSPORT|_ALL_BROKERS_DOWN|_TIMED_OUT"
            # what Kafka no longer has: ingest goes on beside it at its next start
            r"|OffsetOutOfRange|KAFKA_DATA_LOSS|failOnDataLoss|[Ss]ome data may have been lost"
            r"|Py4JNetworkError|Answer from Java side is empty|ConnectionRefusedError|ConnectionResetError"
        ),
    ),
    (
        Fault.LASTING,
        re.compile(
            # lost data
            r"DELTA_(LOG_FILE_NOT_FOUND|VERSIONS_NOT_CONTIGUOUS|TRUNCATED_TRANSACTION_LOG|STATE_RECOVER_ERROR"
            r"|FILE_NOT_FOUND|MISSING_CHANGE_DATA|VERSION_NOT_FOUND|CHECKPOINT_NON_EXIST|TABLE_NOT_FOUND|PATH_DOES_NOT)"
            r"|FAILED_READ_FILE|is not a Parquet file|FileNotFoundException|DELTA_SOURCE_TABLE_IGNORE_CHANGES"
            r"|DELTA_SOURCE_IGNORE_DELETE|DIFFERENT_DELTA_TABLE_READ_BY_STREAMING_SOURCE"
            r"|STREAMING_CHECKPOINT|CANNOT_LOAD_CHECKPOINT|BATCH_METADATA_NOT_FOUND|MISSING_METADATA_FILE"
            # the machine
            r"|No space left on device|Disk quota exceeded"
            # configuration
            r"|(Authorization|Authentication|InvalidTopic|UnsupportedVersion|Config|UnsupportedSaslMechanism)Exception"
            r"|_AUTHENTICATION|TOPIC_AUTHORIZATION_FAILED|GROUP_AUTHORIZATION_FAILED|AccessDenied|Permission denied"
            r"|PermissionError|ModuleNotFoundError|ImportError|SyntaxError"
            # schema
            r"|DELTA_(FAILED_TO_MERGE|METADATA_MISMATCH|SCHEMA_NOT|UNSUPPORTED|INVALID_PROTOCOL|COLUMN_NOT_FOUND"
            r"|NOT_NULL_CONSTRAINT|VIOLATE_CONSTRAINT|MERGE_INCOMPATIBLE|CANNOT_CHANGE)\w*"
            r"|schema mismatch detected|UNRESOLVED_(COLUMN|ROUTINE)|DATATYPE_MISMATCH|TABLE_OR_VIEW_NOT_FOUND"
            r"|PATH_NOT_FOUND|PARSE_SYNTAX_ERROR|AnalysisException|ParseException|CANNOT_(UP_)?CAST_DATATYPE"
        ),
    ),
)
OURS: dict[str, type[FinkError]] = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, FinkError)
}
_ABOUT_ONE = re.compile(r"\bPacketError: ")
_NAMED = re.compile(r"^(?:[\w.]+\.)?(?P<name>[A-Z]\w+)(?::|$)")


def fault_of(error: BaseException) -> Fault:
    """Return what kind of fault an error is: of ours by its class, of others by what they say."""
    kind = _of_class(type(error))
    return kind if kind is not None else fault_in(f"{type(error).__name__}: {sentence_of(error)}", str(error))


def fault_in(sentence: str, text: str = "") -> Fault:
    """Return what kind of fault words tell of.

    Parameters
    ----------
    sentence
        The line that names what went wrong, as `fink_lib.processes.error_summary` finds it.
    text
        Everything that was said.
    """
    for part in sentence.split(": "):
        named = _NAMED.match(part)
        kind = _of_class(OURS.get(named["name"])) if named else None
        if kind is not None:
            return kind
    told = "\n".join(line for line in text.splitlines() if line and not line[0].isspace())  # no lines of code
    found = (fault for words in (sentence, told) for fault, rule in RULES if rule.search(words))
    return next(found, Fault.UNKNOWN)


def may_be_of_an_alert(error: BaseException) -> bool:
    """Tell whether a single alert may be what made a batch fail: nobody knows the error, or it is about one packet."""
    sentence = sentence_of(error)
    about_one = isinstance(error, PacketError) or _ABOUT_ONE.search(f"{sentence}\n{error}") is not None
    return about_one or fault_of(error) is Fault.UNKNOWN


def _of_class(kind: Any) -> Fault | None:
    """Return what one of our classes says; None for what only wraps another error, and for what is not ours."""
    if kind is None or not issubclass(kind, FinkError) or kind in (FinkError, StreamFailed):
        return None
    return Fault.PASSING if kind.retryable else Fault.LASTING
