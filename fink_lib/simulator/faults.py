"""Put faults into a programme: messages made from real ones, each known to the truth manifest."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import cycle

from fink_lib.errors import ConfigError
from fink_lib.simulator.damage import CORRUPTIONS, Damager, truncate, unknown_schema
from fink_lib.simulator.packets import BRONZE, examine
from fink_lib.simulator.programme import Entry
from fink_lib.simulator.request import Fault
from fink_lib.simulator.spool import Spool
from fink_lib.surveys import Survey

_ATTEMPTS = 50  # packets tried before a damage is given up: about one in a hundred lacks its stamps


def inject(
    entries: Sequence[Entry], faults: Mapping[Fault, int], seed: int, *, survey: Survey, spool: Spool
) -> list[Entry]:
    """Return the programme with its faults.

    Every original still arrives; damaged and repeated packets are additional messages at random later
    places of the same night. Out-of-order packets are originals that arrive later than their turn.

    Parameters
    ----------
    entries
        The programme without faults, in order.
    faults
        How many messages of each fault.
    seed
        Of every random choice.
    survey
        Whose packets they are.
    spool
        Holds the messages; the damaged ones are appended.

    Raises
    ------
    ConfigError
        When there is no sound packet to make a fault from.
    """
    if not any(faults.values()):
        return list(entries)
    maker = _Maker(entries, seed, survey, spool)
    late = maker.choose_late(faults.get(Fault.OUT_OF_ORDER, 0))
    placed = [(float(index), entry) for index, entry in enumerate(entries) if index not in late]
    placed += [(maker.later(index), replace(entries[index], fault=Fault.OUT_OF_ORDER)) for index in sorted(late)]
    for fault in (Fault.DUPLICATE, Fault.TRUNCATED, Fault.CORRUPT, Fault.UNKNOWN_SCHEMA):
        placed += [(maker.later(index), entry) for index, entry in maker.additional(fault, faults.get(fault, 0))]
    return [entry for _, entry in sorted(placed, key=lambda pair: pair[0])]


class _Maker:
    """Makes faulty messages of one programme; every choice comes from one seed."""

    def __init__(self, entries: Sequence[Entry], seed: int, survey: Survey, spool: Spool) -> None:
        self.entries, self.survey, self.spool = entries, survey, spool
        self.rng = random.Random(seed)  # noqa: S311 - a play that can be repeated, nothing secret
        self.sound = [index for index, entry in enumerate(entries) if entry.facts.expected == BRONZE]
        self.last_of_night = {entry.night: index for index, entry in enumerate(entries)}
        if not self.sound:
            raise ConfigError("there is no sound packet to make faults from")

    def choose_late(self, count: int) -> set[int]:
        """Choose the originals that lose their turn; no other fault is made from them."""
        if count >= len(self.sound):
            raise ConfigError(f"--out-of-order {count}: there are only {len(self.sound)} sound packets")
        late = set(self.rng.sample(self.sound, count))
        self.sound = [index for index in self.sound if index not in late]
        return late

    def later(self, index: int) -> float:
        """Choose a place behind a packet, between two others of its night."""
        return self.rng.randint(index, self.last_of_night[self.entries[index].night]) + self.rng.uniform(0.1, 0.9)

    def additional(self, fault: Fault, count: int) -> Iterator[tuple[int, Entry]]:
        """Make the messages of one fault; yield each with the place of the packet it was made from."""
        if fault is Fault.DUPLICATE:
            yield from ((index, replace(self.entries[index], fault=fault)) for index in self._sources(count))
            return
        ways = {Fault.TRUNCATED: (truncate,), Fault.UNKNOWN_SCHEMA: (unknown_schema,)}
        damagers = cycle(ways.get(fault, CORRUPTIONS[self.survey.framing.name]))
        for index, damager in zip(self._sources(count), damagers, strict=False):
            yield self._damaged(fault, damager, index)

    def _sources(self, count: int) -> list[int]:
        """Choose different packets as long as there are enough."""
        enough = count <= len(self.sound)
        return self.rng.sample(self.sound, count) if enough else self.rng.choices(self.sound, k=count)

    def _damaged(self, fault: Fault, damager: Damager, first: int) -> tuple[int, Entry]:
        for index in (first, *self.rng.choices(self.sound, k=_ATTEMPTS)):
            entry = self.entries[index]
            message = damager(self.spool.read(entry.slot), self.survey, self.rng)
            if message is not None:
                # The object stays: it chooses the partition, and a producer knows what it sends, however damaged.
                facts = replace(examine(message, self.survey), object_id=entry.facts.object_id)
                slot = self.spool.append(message)
                return index, replace(entry, slot=slot, facts=facts, fault=fault, kind=damager.__name__)
        raise ConfigError(f"none of {_ATTEMPTS} packets can be damaged by {damager.__name__}")
