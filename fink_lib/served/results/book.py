"""Which tables were sent to topics: a small file for each in a home, so that no other topic is ever touched."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from fink_lib.config import Settings
from fink_lib.files import replace_text, to_json
from fink_lib.locks import Lock, locked
from fink_lib.served.private import PrivateTable
from fink_lib.served.results.names import topic_of

FOLDER, ACCOUNTS = "user_topics", ".accounts"


@dataclass(frozen=True)
class ResultTopic:
    """A topic, and the table whose rows are on it.

    Attributes
    ----------
    topic
        Its name.
    owner, group, name, version
        Of the table.
    rows
        How many it holds; None while it does not hold all of them: then nobody may read it.
    sent_at
        When it held all of them; seconds of Unix.
    """

    topic: str
    owner: str
    group: str
    name: str
    version: str
    rows: int | None = None
    sent_at: float = 0.0

    @classmethod
    def of(cls, table: PrivateTable) -> Self:
        """Return the topic of a table, before anything is on it."""
        return cls(topic_of(table), table.owner, table.group, table.name, table.version)

    def is_of(self, table: PrivateTable) -> bool:
        """Tell whether it is the topic of a table at the version that this has."""
        return (self.owner, self.group, self.name, self.version) == (
            table.owner, table.group, table.name, table.version,
        )  # fmt: skip


class ResultTopics:
    """The topics of a home.

    Parameters
    ----------
    settings
        Which home.
    """

    def __init__(self, settings: Settings) -> None:
        self.root = settings.home / FOLDER

    @property
    def is_used(self) -> bool:
        """Whether anybody has such a topic, or an account to read one."""
        return (self.root / ACCOUNTS).exists() or any(self.root.glob("*.json"))

    def every(self) -> list[ResultTopic]:
        """Return all of them, by name."""
        return sorted(self._read(), key=lambda one: one.topic)

    def of_table(self, table: PrivateTable) -> ResultTopic | None:
        """Return the topic that holds all rows of a table; None where there is none."""
        found = next(self._in(self._place(topic_of(table))), None)
        return found if found is not None and found.is_of(table) and found.rows is not None else None

    def named_as(self, table: PrivateTable) -> list[ResultTopic]:
        """Return the topics of every version of a table."""
        whose = (table.owner, table.group, table.name)
        return [one for one in self.every() if (one.owner, one.group, one.name) == whose]

    def save(self, one: ResultTopic) -> ResultTopic:
        """Keep what is known of a topic, and return it."""
        self._make_folder()
        replace_text(self._place(one.topic), to_json(asdict(one)), durable=True)
        return one

    def forget(self, one: ResultTopic) -> None:
        """Keep nothing of a topic that is no more."""
        self._place(one.topic).unlink(missing_ok=True)
        self._lock(one.topic).unlink(missing_ok=True)

    def note_accounts(self) -> None:
        """Note that there are accounts of people in Kafka."""
        self._make_folder()
        (self.root / ACCOUNTS).touch()

    def changing(self) -> AbstractContextManager[Lock]:
        """Return the lock of whoever changes who reads: one at a time, and none of them waits for rows."""
        self._make_folder()
        return locked(self.root / ".lock")

    def filling(self, topic: str, patience_s: float | None = None) -> AbstractContextManager[Lock]:
        """Return the lock of whoever makes a topic, fills it or deletes it; it comes before `changing`.

        Parameters
        ----------
        topic
            Its name.
        patience_s
            Seconds to wait for another one; None waits for ever.

        Raises
        ------
        LockHeld
            When another one holds it for longer.
        """
        self._make_folder()
        return locked(self._lock(topic), patience_s)

    def _read(self) -> Iterator[ResultTopic]:
        for path in self.root.glob("*.json"):
            yield from self._in(path)

    def _in(self, path: Path) -> Iterator[ResultTopic]:
        with suppress(FileNotFoundError):  # it was forgotten meanwhile
            facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            yield ResultTopic(**facts)

    def _place(self, topic: str) -> Path:
        return self.root / f"{topic}.json"

    def _lock(self, topic: str) -> Path:
        return self.root / f".{topic}.lock"

    def _make_folder(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
