"""Let messages out of the quarantine: replayed into bronze after a fix, or discarded; each release is recorded.

The quarantine is append-only: nothing is taken out of it. A message counts as released once a row of
``bronze_<s>__releases`` says so, and from then on a replayed one counts in bronze and no longer in quarantine.
"""

import datetime as dt
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyspark.sql.functions as F
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession

from fink_lib import __version__
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.ingest.judge import MESSAGE
from fink_lib.ingest.stream import BatchWriter, configure
from fink_lib.lake.places import Held, Places, ranges_of
from fink_lib.lake.releases import KEY, Action, Release, record_releases
from fink_lib.lake.spark.arrow_rows import frame_of
from fink_lib.lake.spark.left import left
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.locks import locked
from fink_lib.quarantine.browse import Selection, chosen
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import Damage, Survey

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Decision:
    """Who releases messages, and why."""

    who: str
    why: str

    def __post_init__(self) -> None:
        if not self.who.strip() or not self.why.strip():
            raise ConfigError("a release needs a name and a reason: they are kept with it")


@dataclass(frozen=True)
class Outcome:
    """What a replay or a discard did.

    Attributes
    ----------
    action, messages
        What was asked for, of how many messages.
    released
        How many were.
    healed
        Of those, how many were in bronze already: an earlier replay was killed before it could record them.
    still_damaged
        Messages that the code of today refuses too, by error class; they stay where they are.
    nights
        Rows added to bronze by night: each of these nights is to be closed again.
    waiting
        Alerts that enrich was asked to try again, and has not tried yet.
    """

    action: Action
    messages: int
    released: int = 0
    healed: int = 0
    still_damaged: Mapping[str, int] = field(default_factory=dict)
    nights: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0

    def and_then(self, other: "Outcome") -> "Outcome":
        """Return what two replays did together."""
        return Outcome(
            self.action,
            self.messages + other.messages,
            self.released + other.released,
            self.healed + other.healed,
            dict(Counter(self.still_damaged) + Counter(other.still_damaged)),
            {**self.nights, **other.nights},
            self.waiting + other.waiting,
        )


def discard(settings: Settings, survey: Survey, selection: Selection, decision: Decision) -> Outcome:
    """Record that messages will never be used. They stay in the quarantine, and stay counted there.

    Parameters
    ----------
    settings
        Of the broker.
    survey
        Whose quarantine.
    selection
        Which messages, of any stage.
    decision
        Who decided so, and why.

    Raises
    ------
    LakeError
        When a message that is named is not in the quarantine, or was released already.
    """
    with locked(settings.home / "quarantine" / f"{survey.name}.lock"):
        rows = chosen(settings.lake, survey, selection)
        record_releases(settings.lake, survey.name, _releases(rows, Action.DISCARDED, decision))
    return Outcome(Action.DISCARDED, rows.num_rows, rows.num_rows)


def replay(
    session: SparkSession, settings: Settings, survey: Survey, selection: Selection, decision: Decision
) -> Outcome:
    """Decode messages anew, by the code of ingest, and append to bronze those that are good now, each exactly once.

    They keep their place and time in Kafka. Bronze is written first: a crash before the release is recorded
    leaves the message in both tables, which the equation of its night shows; the next replay records it.

    Parameters
    ----------
    session
        Which writes bronze.
    settings
        Of the broker.
    survey
        Whose quarantine.
    selection
        Which messages; those of other stages than ingest are left where they are.
    decision
        Who decided so, and why.

    Raises
    ------
    ConfigError
        When messages of another stage are asked for by it, and not those that the code raised on.
    """
    require_replayable(selection)
    with locked(settings.home / "quarantine" / f"{survey.name}.lock"):
        rows = chosen(settings.lake, survey, selection, KEY)
        rows = rows.filter(pc.equal(rows["stage"], str(Stage.INGEST)))
        if not rows.num_rows:
            return Outcome(Action.REPLAYED, 0)
        return _replay(session, settings, survey, rows, decision)


def require_replayable(selection: Selection) -> None:
    """Refuse to replay what no stage would judge otherwise.

    Raises
    ------
    ConfigError
        When messages of enrich are asked for by that stage, and not those that the code raised on.
    """
    if selection.stage not in (None, Stage.INGEST) and selection.error_class != Damage.UNFORESEEN:
        raise ConfigError(
            f"messages quarantined in {selection.stage} are in bronze already: reprocess their night instead; "
            f"those that the code raised on, of error class '{Damage.UNFORESEEN}', can be replayed by it"
        )


def _replay(session: SparkSession, settings: Settings, survey: Survey, rows: pa.Table, decision: Decision) -> Outcome:
    configure(session)
    writer = BatchWriter(session, StreamSpec(survey.name, Stage.INGEST, settings), survey)
    judged = writer.judged(_as_messages(session, writer, rows)).persist(StorageLevel.DISK_ONLY)
    try:
        facts = judged.select("night", "alert_id", *KAFKA_KEY, "error_class").toArrow()
        good = facts.filter(pc.is_null(facts["error_class"]))
        held = Places([Held(writer.bronze)]).taken([one for one, _ in ranges_of(good)])
        new = left(judged.where(F.col("error_class").isNull()), held)
        nights = {str(row["night"]): row["count"] for row in new.groupBy("night").count().collect()}
        if nights:
            told = f"replayed from quarantine by {decision.who}: {decision.why}"
            fresh = writer.rows(new).coalesce(1)
            fresh.write.format("delta").mode("append").option("userMetadata", told).save(str(writer.bronze))
    finally:
        judged.unpersist()
    stage = pa.repeat(pa.scalar(str(Stage.INGEST)), good.num_rows)
    record_releases(
        settings.lake, survey.name, _releases(good.append_column("stage", stage), Action.REPLAYED, decision)
    )
    bad = Counter(name for name in facts["error_class"].to_pylist() if name is not None)
    logger.info("replayed survey=%s messages=%d good=%d", survey.name, rows.num_rows, good.num_rows)
    healed = good.num_rows - sum(nights.values())
    return Outcome(Action.REPLAYED, rows.num_rows, good.num_rows, healed, dict(bad), nights)


def _as_messages(session: SparkSession, writer: BatchWriter, rows: pa.Table) -> DataFrame:
    """Return messages of the quarantine as Kafka's source gave them out; their bytes stay in Spark."""
    names = {old: new for new, old in MESSAGE.items()} | {"raw": "value"}
    names |= {"raw_key": names.pop("kafka_key"), "raw_headers": names.pop("kafka_headers")}
    held = session.read.format("delta").load(str(writer.quarantine)).where(F.col("stage") == str(Stage.INGEST))
    mine = held.join(F.broadcast(frame_of(session, rows.select(list(KAFKA_KEY)))), list(KAFKA_KEY), "left_semi")
    return mine.select(*(F.col(old).alias(new) for old, new in names.items()))


def _releases(rows: pa.Table, action: Action, decision: Decision) -> list[Release]:
    now = dt.datetime.now(dt.UTC)
    return [
        Release(
            night=row["night"],
            alert_id=row["alert_id"],
            **{name: row[name] for name in (*KAFKA_KEY, "stage")},
            action=str(action),
            who=decision.who,
            why=decision.why,
            release_time=now,
            code_version=__version__,
        )
        for row in rows.to_pylist()
    ]
