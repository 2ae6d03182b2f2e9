"""The equation of a night, as numbers: what was offered ends in exactly one place.

::

    offered  (Kafka offsets)  = bronze + quarantine + lost            and what is lost was accepted by a person
    bronze                    = silver + rejected + repeats + quarantined in enrich
    messages on each topic    = rows of `published`

Pure: no Spark, no Kafka. A difference is a kind of fault, how often it was found, and the first messages by name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field
from enum import StrEnum

from fink_lib.errors import EquationBroken
from fink_lib.files import JsonObject

NAMED_AT_MOST = 1000
NAMED_IN_A_SENTENCE = 5
LOST_FOR_GOOD = (
    "; what is gone for good is accepted, with a reason, by `fink losses accept`: then close the night again"
)


class Fault(StrEnum):
    """What can be wrong with one message."""

    LOST = "lost"
    KEPT_TWICE = "kept_twice"
    NEVER_OFFERED = "never_offered"
    NOT_ENRICHED = "not_enriched"
    ENRICHED_TWICE = "enriched_twice"
    NOT_FROM_BRONZE = "not_from_bronze"
    SENT_UNRECORDED = "sent_unrecorded"
    RECORDED_TWICE = "recorded_twice"
    NEVER_SENT = "never_sent"


MEANINGS: Mapping[Fault, str] = {
    Fault.LOST: "offered by Kafka, but neither in bronze nor in quarantine",
    Fault.KEPT_TWICE: "in bronze or quarantine more than once",
    Fault.NEVER_OFFERED: "in bronze or quarantine at an offset that Kafka never gave out",
    Fault.NOT_ENRICHED: "in bronze, but neither in silver, nor rejected, nor quarantined in enrich",
    Fault.ENRICHED_TWICE: "in more than one place after enrich",
    Fault.NOT_FROM_BRONZE: "after enrich, but not in bronze",
    Fault.SENT_UNRECORDED: "on an output topic without a row in published",
    Fault.RECORDED_TWICE: "in published more than once",
    Fault.NEVER_SENT: "in published at an offset that the topic never gave out",
}


@dataclass(frozen=True)
class Message:
    """One message by name.

    Attributes
    ----------
    topic, partition, offset
        Where it stands in Kafka.
    alert_id
        Its alert, None where that could not be read.
    night
        Night of its content as YYYY-MM-DD, None where that could not be told.
    note
        What else is known, for example that its offset has expired.
    """

    topic: str
    partition: int
    offset: int
    alert_id: int | None = None
    night: str | None = None
    note: str = ""

    @property
    def label(self) -> str:
        """The alert id, or the place in Kafka where there is none."""
        return str(self.alert_id) if self.alert_id is not None else f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(frozen=True)
class Difference:
    """A fault, how many messages have it, and the first of them."""

    fault: Fault
    count: int
    named: tuple[Message, ...] = ()

    @property
    def sentence(self) -> str:
        """Count, meaning and the first names."""
        first = ", ".join(message.label for message in self.named[:NAMED_IN_A_SENTENCE])
        more = f" (first: {first})" if first else ""
        return f"{self.count} {MEANINGS[self.fault]}{more}"


@dataclass(frozen=True)
class Equation:
    """One equation: a total, the places that must add up to it, and what stands in the way.

    Attributes
    ----------
    name
        ``offered``, ``enriched`` or ``published``.
    total
        Left side.
    parts
        Right side, by place.
    differences
        Faults found message by message; two faults may cancel in the sums, never here.
    """

    name: str
    total: int
    parts: Mapping[str, int]
    differences: tuple[Difference, ...] = ()

    @property
    def holds(self) -> bool:
        """True when the sums agree and no single message is at fault."""
        return self.total == sum(self.parts.values()) and not self.differences

    @property
    def text(self) -> str:
        """The equation in words and numbers."""
        sign = "=" if self.total == sum(self.parts.values()) else "≠"
        right = " + ".join(f"{count} {place}" for place, count in self.parts.items()) or "0"
        return f"{self.total} {_LEFT[self.name]} {sign} {right}"

    def as_json(self) -> JsonObject:
        """Facts for the result file; `holds` and `text` are stored too, for whoever reads only the file."""
        differences = [{**asdict(difference), "meaning": MEANINGS[difference.fault]} for difference in self.differences]
        return {
            "name": self.name,
            "total": self.total,
            "parts": dict(self.parts),
            "holds": self.holds,
            "text": self.text,
            "differences": differences,
        }


_LEFT = {"offered": "offered", "enriched": "bronze", "published": "on topics"}


@dataclass(frozen=True)
class Attribution:
    """Messages of one topic that belong to one night (or to none).

    Attributes
    ----------
    bronze, quarantine, lost
        Where they are; `lost` counts those that are nowhere.
    accepted
        Those that are nowhere, and a person accepted it.
    """

    bronze: int = 0
    quarantine: int = 0
    lost: int = 0
    accepted: int = 0

    @property
    def offered(self) -> int:
        """All of them."""
        return self.bronze + self.quarantine + self.lost + self.accepted

    def __add__(self, other: "Attribution") -> "Attribution":
        return Attribution(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    def as_json(self) -> dict[str, int]:
        """Facts for the result file; losses that were accepted only where there are any."""
        return {name: count for name, count in asdict(self).items() if name != "accepted" or count}

    @property
    def parts(self) -> dict[str, int]:
        """The right side of the first equation; losses that were accepted are a term where there are any."""
        parts = {"bronze": self.bronze, "quarantine": self.quarantine}
        return parts | ({"accepted losses": self.accepted} if self.accepted else {})


@dataclass(frozen=True)
class TopicAccount:
    """What one input topic offered, and where it went.

    Attributes
    ----------
    topic
        Its name.
    offered
        Messages that Kafka gave out from the first that counts up to the high watermark, without empty offsets.
    by_night
        Where they are, by night (YYYY-MM-DD); None is the night of those whose night cannot be told.
    partitions
        Watermarks and offsets of each partition.
    """

    topic: str
    offered: int
    by_night: Mapping[str | None, Attribution]
    partitions: tuple[JsonObject, ...] = field(default=())

    @property
    def adds_up(self) -> bool:
        """True when the nights together hold what the topic offered."""
        return self.offered == sum(part.offered for part in self.by_night.values())

    def as_json(self) -> JsonObject:
        """Facts for the result file; the night None is written ``"null"``."""
        nights = {night_key(night): part.as_json() for night, part in self.by_night.items()}
        return {
            "topic": self.topic,
            "offered": self.offered,
            "adds_up": self.adds_up,
            "by_night": nights,
            "partitions": list(self.partitions),
        }


def night_key(night: str | None) -> str:
    """Return how JSON writes the name of a night."""
    return "null" if night is None else night


def differences(found: Mapping[Fault, tuple[int, Sequence[Message]]]) -> tuple[Difference, ...]:
    """Keep the faults that were found, the first messages of each."""
    return tuple(Difference(fault, n, tuple(named[:NAMED_AT_MOST])) for fault, (n, named) in found.items() if n)


def offered_equation(night: str, topics: Iterable[TopicAccount], faults: Iterable[Difference]) -> Equation:
    """Build the first equation of a night: offered = bronze + quarantine + accepted losses.

    A lost message whose night cannot be told may be one of this night: it breaks the equation too,
    through `faults`, although it is counted under the night None.

    Parameters
    ----------
    night
        As YYYY-MM-DD.
    topics
        Every input topic that the night touches.
    faults
        What was found wrong, message by message.
    """
    whole = sum((topic.by_night.get(night, Attribution()) for topic in topics), Attribution())
    return Equation("offered", whole.offered, whole.parts, tuple(faults))


def check(night_label: str, equations: Sequence[Equation]) -> EquationBroken | None:
    """Return the error of a night whose equations do not all hold: one sentence with counts and first names.

    Parameters
    ----------
    night_label
        Survey and night, as the sentence is to name them.
    equations
        Those of the night. None is returned where all hold.
    """
    broken = [equation for equation in equations if not equation.holds]
    if not broken:
        return None
    reasons = []
    for equation in broken:
        faults = "; ".join(difference.sentence for difference in equation.differences)
        reasons.append(f"{equation.text}" + (f", {faults}" if faults else ""))
    lost = any(one.fault is Fault.LOST for equation in broken for one in equation.differences)
    way_out = LOST_FOR_GOOD if lost else ""
    return EquationBroken(f"the night {night_label} does not add up: {' · '.join(reasons)}{way_out}")
