"""The order of a play: what is sent, in which sequence, to which topic and partition."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from fink_lib.errors import ConfigError
from fink_lib.simulator.packets import BRONZE, REPEAT, Facts, examine, messages_of
from fink_lib.simulator.reading import read_path
from fink_lib.simulator.request import Fault
from fink_lib.simulator.spool import Slot, Spool
from fink_lib.surveys import Survey


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the programme.

    Attributes
    ----------
    file
        Where it came from.
    slot
        Where its bytes are.
    facts
        What it is.
    order
        Observation time and alert id that place it; those of the packet before it when it has none.
    night
        The night whose topic it goes to.
    rebuilt
        True when it was somebody else's export.
    fault, kind
        What was done to it on purpose, and in which way.
    """

    file: str
    slot: Slot
    facts: Facts
    order: tuple[float, int]
    night: date | None
    rebuilt: bool = False
    fault: Fault | None = None
    kind: str | None = None

    def partition(self, partitions: int) -> int:
        """Return the partition: one object stays on one, so that its alerts stay in order."""
        return zlib.crc32((self.facts.object_id or self.file).encode()) % partitions


def read_programme(path: Path, survey: Survey, spool: Spool) -> tuple[list[Entry], list[str]]:
    """Read what is played, in the order that the telescope saw it; also return the files that are no packets.

    Parameters
    ----------
    path
        A file, folder or archive.
    survey
        Whose packets are looked for.
    spool
        Every message is appended to it.

    Raises
    ------
    ConfigError
        When nothing in the path is a packet of the survey.
    """
    entries: list[Entry] = []
    skipped: list[str] = []
    order, night = (float("-inf"), 0), None
    for content in read_path(path):
        found = False
        for message, rebuilt in messages_of(content, survey):
            facts, found = examine(message, survey), True
            if facts.observed is not None:
                order, night = (facts.observed, facts.alert_id or 0), facts.night
            entries.append(Entry(content.name, spool.append(message), facts, order, night, rebuilt))
        if not found:
            skipped.append(content.name)
    if not entries:
        raise _nothing(path, survey, len(skipped))
    entries.sort(key=lambda entry: entry.order)
    return _with_nights(entries, path), skipped


def require_packets(path: Path, survey: Survey) -> None:
    """Make sure that a path holds something to play; no more of it is read than that takes.

    Parameters
    ----------
    path
        A file, folder or archive.
    survey
        Whose packets are looked for.

    Raises
    ------
    ConfigError
        When nothing in the path is a packet of the survey.
    """
    files = 0
    for content in read_path(path):
        if any(True for _ in messages_of(content, survey)):
            return
        files += 1
    raise _nothing(path, survey, files)


def _nothing(path: Path, survey: Survey, files: int) -> ConfigError:
    return ConfigError(f"'{path}' holds no packet of {survey.name}: {files} files are something else")


def _with_nights(entries: Sequence[Entry], path: Path) -> list[Entry]:
    """Give undatable packets before the first datable one the first night."""
    first = next((entry.night for entry in entries if entry.night is not None), None)
    if first is None:
        raise ConfigError(f"no packet of '{path}' can be dated, so no topic can be named: play it with others")
    return [entry if entry.night is not None else replace(entry, night=first) for entry in entries]


def with_repeats(entries: Iterable[Entry]) -> list[Entry]:
    """Expect the second arrival of an alert as a repeat."""
    seen: set[int | None] = set()
    result = []
    for entry in entries:
        facts = entry.facts
        if facts.expected == BRONZE:
            expected = REPEAT if facts.alert_id in seen else BRONZE
            seen.add(facts.alert_id)
            facts = replace(facts, expected=expected)
        result.append(replace(entry, facts=facts))
    return result
