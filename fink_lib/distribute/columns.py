"""What leaves of an alert: columns of silver under the names that Fink's clients know, and where its rows are found."""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence

import pyspark.sql.functions as F
import pyspark.sql.types as T
from pyspark.sql import Column, DataFrame, SparkSession

from fink_lib.distribute.match import Key, Match
from fink_lib.errors import LakeError
from fink_lib.lake.tables import IDENTITY_COLUMNS, KAFKA_COLUMNS, KAFKA_KEY
from fink_lib.surveys import Survey

# Silver's own columns, under the names that Fink's clients know; times leave as text.
RENAMED = {
    "ingest_time": "brokerIngestTimestamp",
    "enrich_time": "brokerEndProcessTimestamp",
    "code_version": "fink_broker_version",
}
# What repeats the packet under a common name, or only says where the alert arrived, stays here.
KEPT_BACK = {one.name for one in (*IDENTITY_COLUMNS, *KAFKA_COLUMNS)}
# fink-client prints the SIMBAD type of every alert and fails without the field: null until one is looked up.
CDSXMATCH = "cdsxmatch"
TIME_FORMAT = "yyyy-MM-dd HH:mm:ss.SSSSSS"


def _leaving(field: T.StructField) -> Column:
    """Return one column of silver as it leaves."""
    return _as_text(F.col(f"`{field.name}`"), field.dataType).alias(RENAMED.get(field.name, field.name))


def _as_text(column: Column, kind: T.DataType) -> Column:
    """Write a time or a date as text; anything else leaves as it is."""
    if isinstance(kind, T.TimestampType):
        return F.date_format(column, TIME_FORMAT)
    return column.cast("string") if isinstance(kind, T.DateType) else column


def outgoing(silver: T.StructType, survey: Survey, *, cutouts: bool = True) -> list[Column]:
    """Return the columns of a message in order: packet and science, `cdsxmatch`, cutouts last.

    Parameters
    ----------
    silver
        Columns of the table.
    survey
        Tells which columns are cutouts.
    cutouts
        Whether cutouts leave too; silver itself has none.
    """
    columns = [_leaving(field) for field in silver.fields if field.name not in KEPT_BACK]
    if CDSXMATCH not in silver.fieldNames():
        columns.append(F.lit(None).cast("string").alias(CDSXMATCH))
    return [*columns, *(F.col(root) for root in survey.cutout_roots if cutouts)]


def chosen_columns(silver: DataFrame, paths: Sequence[str]) -> list[Column]:
    """Return some columns of silver as they leave, each under its path with ``_`` for the dots; times as text.

    Parameters
    ----------
    silver
        Alerts, with the columns of the table.
    paths
        Columns of silver, with dots before the fields of records.

    Returns
    -------
    Columns in the order of the paths.
    """
    names = [path.replace(".", "_") for path in paths]
    kinds = silver.select(*(F.col(path).alias(name) for path, name in zip(paths, names, strict=True))).schema
    return [
        _as_text(F.col(path), field.dataType).alias(field.name) for path, field in zip(paths, kinds.fields, strict=True)
    ]


def located(matches: Iterable[Match]) -> Column:
    """Return the predicate that finds exactly these alerts in bronze or silver.

    Literals, grouped by night and partition, let Delta skip every file that holds none of them.
    """
    groups: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for one in matches:
        topic, partition, offset = one.key
        groups[one.night.isoformat(), topic, partition].append(offset)
    names = dict(zip(("topic", "partition", "offset"), KAFKA_KEY, strict=True))
    clauses = [
        (F.col("night") == F.lit(night).cast("date"))
        & (F.col(names["topic"]) == topic)
        & (F.col(names["partition"]) == partition)
        # as text: a thousand literals are parsed at once, but would be handed over one call each
        & F.expr(f"{names['offset']} IN ({','.join(map(str, sorted(offsets)))})")
        for (night, topic, partition), offsets in sorted(groups.items())
    ]
    found = clauses[0]
    for clause in clauses[1:]:
        found = found | clause
    return found


def session_for_lookups(session: SparkSession) -> SparkSession:
    """Return a session of its own, to compile less.

    Each batch asks for other alerts, and a whole stage with other literals is a new class of some thousand lines,
    compiled for one use.
    """
    own = session.newSession()
    own.conf.set("spark.sql.codegen.wholeStage", "false")
    return own


def require_there(found: Container[Key], matches: Sequence[Match]) -> None:
    """Refuse to send alerts whose packets bronze lacks.

    Parameters
    ----------
    found
        Places of the alerts whose packets were found in bronze.
    matches
        Alerts to send.

    Raises
    ------
    LakeError
        Naming one of them.
    """
    missing = [one for one in matches if one.key not in found]
    if missing:
        raise LakeError(
            f"bronze lacks the packets of {len(missing)} of {len(matches)} alerts to send, for example of alert "
            f"{missing[0].alert_id}: the tables disagree; nothing of this part was sent"
        )


def require_each_once(found: Container[Key], rows: int, matches: Sequence[Match]) -> None:
    """Refuse to send alerts of which the tables do not hold each exactly once.

    Parameters
    ----------
    found
        Places of the alerts that were found.
    rows
        Number of rows that were found, those that come twice included.
    matches
        Alerts to send.

    Raises
    ------
    LakeError
        Naming how many rows there are, and one alert that is missing.
    """
    missing = [one for one in matches if one.key not in found]
    if missing or rows != len(matches):
        example = f", for example alert {missing[0].alert_id}" if missing else ""
        raise LakeError(
            f"silver and bronze hold {rows} packets for {len(matches)} alerts to send{example}: "
            "the tables disagree; nothing of this batch was sent"
        )
