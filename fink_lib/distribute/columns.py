"""What leaves of an alert: columns of silver under the names that Fink's clients know, and where its rows are found."""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence

import pyspark.sql.functions as F
from pyspark.sql import Column, SparkSession

from fink_lib.distribute.match import Key, Match
from fink_lib.errors import LakeError
from fink_lib.lake.tables import IDENTITY_COLUMNS, KAFKA_COLUMNS, KAFKA_KEY

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
            "the tables disagree; this transfer is not announced"
        )
