"""The truth manifest: what was sent, where it went and where it should end, one JSON line a message."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fink_lib.contracts.truth import TruthLine
from fink_lib.kafka.producing import Delivery
from fink_lib.simulator.programme import Entry
from fink_lib.simulator.request import PlayResult
from fink_lib.simulator.spool import Spool


@dataclass(slots=True)
class Sending:
    """One message on its way.

    Attributes
    ----------
    entry, topic
        What is sent, and where.
    delivery
        What Kafka said of it, once it did.
    """

    entry: Entry
    topic: str
    delivery: Delivery | None = None

    @property
    def error(self) -> str | None:
        """Why the message did not arrive, or None when it did."""
        return "no delivery report" if self.delivery is None else self.delivery.error


def write_truth(file: Path, sendings: Sequence[Sending], spool: Spool, result: PlayResult) -> None:
    """Write a line for each message in the order of the play, and the summary as the last line.

    Parameters
    ----------
    file
        Written anew; its folder is made where it is missing.
    sendings
        All messages with what Kafka said of them, in the order of the play.
    spool
        Holds their bytes, of which the digests are made.
    result
        The summary.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as out:
        for sending in sendings:
            digest = hashlib.sha256(spool.read(sending.entry.slot)).hexdigest()
            line = TruthLine.of(_line(sending, digest))
            out.write(line.model_dump_json() + "\n")
        out.write(json.dumps({"summary": json.loads(result.as_json())}) + "\n")


def _line(sending: Sending, digest: str) -> dict[str, object]:
    entry, delivery = sending.entry, sending.delivery
    return {
        "file": entry.file,
        "alert_id": entry.facts.alert_id,
        "object_id": entry.facts.object_id,
        "night": None if entry.facts.night is None else str(entry.facts.night),
        "sha256": digest,
        "topic": sending.topic,
        "partition": None if delivery is None else delivery.partition,
        "offset": None if delivery is None or sending.error else delivery.offset,
        "error": sending.error,
        "rebuilt": entry.rebuilt,
        "fault": None if entry.fault is None else str(entry.fault),
        "fault_kind": None if entry.kind is None else str(entry.kind),
        "expected": str(entry.facts.expected),
    }
