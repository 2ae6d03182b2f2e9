"""What v0.1.0 took for lost, for written and for an alert, asked of either release; no broker and no JVM is started."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from fink_lib.lake import events

Broker = Any
SCORE, KINDS = "candidate.rb", {"candidate.rb": "float", "candidate.drb": "float"}
PREDICATES = ("candidate.rb >= 0.65", "candidate.drb > 0.9", "size(prv_candidates) < 3")


def row_rules(broker: Broker, _folder: Path) -> Any:
    return broker.row_rules_of()


def enrich_rules(broker: Broker, _folder: Path) -> Any:
    return broker.enrich_rules_of()


def cuts(broker: Broker, _folder: Path) -> Any:
    return broker.cuts_of()


def predicates(broker: Broker, _folder: Path) -> Any:
    return {text: broker.predicate_sql(text, KINDS) for text in PREDICATES}


def filter_of_five_nested_loops(broker: Broker, _folder: Path) -> Any:
    text = f"{SCORE} > 0"
    for name in "abcde":
        text = f"exists(prv_candidates, {name} -> {text})"
    return bool(broker.predicate_sql(text, KINDS))


def event_whose_commit_failed(broker: Broker, folder: Path) -> Any:
    """Tell whether the event is said to be written, and how many rows are there, after one commit that failed."""
    lake, honest = folder / broker.__name__, events.write_deltalake

    def busy(*_words: Any, **_options: Any) -> None:
        write.side_effect = honest
        raise CommitFailedError("the table was altered meanwhile")

    with mock.patch.object(events, "write_deltalake", side_effect=busy) as write:
        done = events.append_event(broker.EVENTS, lake, {"what": "a filter was activated"}, "app")
    return [done, DeltaTable(str(lake / "gold__happened")).to_pyarrow_table().num_rows]


def transaction_markers_called_lost(broker: Broker, _folder: Path) -> Any:
    """Every second offset of a topic is a marker: 6,000 of them, and no message is missing."""

    class Kafka:
        def messages(self, _topic: str, _partition: int, first: int, last: int) -> Iterator[Any]:
            held = range(first + first % 2, last + 1, 2)
            yield from (broker.RawMessage(offset, None, b"") for offset in held)

    gaps = tuple(broker.RANGE("t", 0, offset, offset) for offset in range(1, 11_999, 2))
    marks, held = broker.Watermarks(0, 12_000), broker.Held(6_000, 6_000, 0, 11_998)
    account = broker.PartitionAccount("t", 0, marks, held, gaps)
    return broker.read_back(Kafka(), [account], lambda raw: (raw.offset, "2021-11-22")).count


def loss_that_a_person_accepted(broker: Broker, _folder: Path) -> Any:
    """Count the losses of a later night of a topic that Kafka deleted one message of, which nobody will ever read."""
    account = broker.PartitionAccount(
        "t", 0, broker.Watermarks(5, 5), broker.Held(4, 4, 0, 4), (broker.RANGE("t", 0, 2, 2),)
    )
    return broker.losses_once_accepted(account, broker.RANGE("t", 0, 2, 2)).count
