"""Messages that wait for their schema: replayed, from within the driver of ingest, once a registry tells it."""

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pyarrow.compute as pc
from pyspark.sql import SparkSession

from fink_lib.errors import FinkError, PacketError
from fink_lib.ingest.stream import plan as ingest_plan
from fink_lib.lake.log import newest_version
from fink_lib.lake.releases import KEY
from fink_lib.lake.tables import quarantine
from fink_lib.quarantine.browse import Place, Selection, chosen, with_bytes
from fink_lib.quarantine.release import Decision, Outcome, replay
from fink_lib.streams.plan import StreamPlan
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import Damage, Survey

logger = logging.getLogger(__name__)

LOOK_S = 15.0
MOST_REPLAYS = 5  # of messages of one reason: what its schema does not cure is left to people
DECISION = Decision("ingest", "the schema of the message has come")
WAITING = Selection(stage=str(Stage.INGEST), error_class=str(Damage.SCHEMA_AWAITED))


def plan(session: SparkSession, spec: StreamSpec, survey: Survey) -> StreamPlan:
    """Build the ingest stream of a survey, and beside it what replays messages whose schema has come.

    Parameters
    ----------
    session
        Which runs the stream.
    spec
        The stream.
    survey
        Whose messages; where none of them waits for a schema, the stream is all there is.
    """
    made = ingest_plan(session, spec, survey)
    if not survey.framing.awaits:
        return made
    awaited = AwaitedSchemas(session.newSession(), spec, survey)
    awaited.start()

    def close() -> None:
        awaited.close()
        made.close()

    return replace(made, close=close)


class AwaitedSchemas:
    """Looks after the messages of one survey that wait for a schema.

    Parameters
    ----------
    session
        Session of its own in the driver of ingest.
    spec, survey
        Which stream, and whose messages.
    """

    def __init__(self, session: SparkSession, spec: StreamSpec, survey: Survey) -> None:
        self._session, self._settings, self._survey = session, spec.settings, survey
        self._table = quarantine(survey.name).path(spec.settings.lake)
        self._idle_at: int | None = None  # version of the quarantine at which nothing waited
        self._replays = Counter[str]()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="awaited-schemas", daemon=True)

    def start(self) -> None:
        """Look every few seconds, until closed."""
        self._thread.start()

    def close(self) -> None:
        """Look no more; a replay that is under way ends first."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_S):
            try:
                self.look()
            except FinkError as error:
                logger.warning("waiting messages of survey=%s not replayed: %s", self._survey.name, error)
            except Exception:  # the stream goes on without it, and the next look may do
                logger.exception("waiting messages of survey=%s not replayed", self._survey.name)

    def look(self) -> Outcome | None:
        """Replay what waits, if a schema that something waits for is there now; None where nothing was to be done."""
        version = newest_version(self._table)
        if version == self._idle_at:
            return None
        samples = dict(self._samples())
        self._idle_at = None if samples else version
        ready = [
            reason for reason, place in samples.items() if self._replays[reason] < MOST_REPLAYS and self._come(place)
        ]
        if not ready:
            return None
        self._replays.update(ready)
        outcome = replay(self._session, self._settings, self._survey, WAITING, DECISION)
        logger.info("replayed survey=%s messages=%d of %d", self._survey.name, outcome.released, outcome.messages)
        return outcome

    def _samples(self) -> Iterator[tuple[str, Place]]:
        """Yield one waiting message of each reason."""
        rows = chosen(self._settings.lake, self._survey, WAITING, ["reason", *KEY])
        for reason in pc.unique(rows["reason"]).to_pylist():
            (row,) = rows.filter(pc.equal(rows["reason"], reason)).slice(0, 1).to_pylist()
            yield reason, Place.of(row)

    def _come(self, place: Place) -> bool:
        """Tell whether the schema of a message is known now."""
        one = replace(WAITING, places=(place,))
        (row,) = with_bytes(self._settings.lake, self._survey, one)
        try:
            self._survey.framing.unwrap(row["raw"])
        except PacketError as error:
            return error.error_class != Damage.SCHEMA_AWAITED
        return True
