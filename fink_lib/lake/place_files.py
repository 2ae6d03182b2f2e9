"""Which files of a table may hold places in Kafka, by night: the log is read once, and then what was committed since.

Of a table whose nights are all kept, the log names thousands of files; a batch asks for those of its own night.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fink_lib.lake.delta import delta_table
from fink_lib.lake.log import entry, newest_version
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.storage import LakePath

TOPIC, PARTITION, OFFSET = KAFKA_KEY
Offsets: TypeAlias = Mapping[tuple[str, int], npt.NDArray[np.int64]]
"""Topic and partition → offsets, sorted."""
Ends: TypeAlias = tuple[Any, Any]


@dataclass(frozen=True)
class PlacedFile:
    """A file of a table.

    Attributes
    ----------
    path
        Within the folder of the table, as the file system has it.
    night
        YYYY-MM-DD; None for rows without one.
    ends
        Least and greatest value of each column of a place, in the order of `KAFKA_KEY`; None where the log has none.
    """

    path: str
    night: str | None
    ends: tuple[Ends, ...]

    def may_hold(self, wanted: Offsets) -> bool:
        """Tell whether one of some places may stand in it."""
        return any(self._may_hold(topic, partition, offsets) for (topic, partition), offsets in wanted.items())

    def _may_hold(self, topic: str, partition: int, offsets: npt.NDArray[np.int64]) -> bool:
        asked = ((topic, topic), (partition, partition), (int(offsets[0]), int(offsets[-1])))
        return all(_meet(ends, one) for ends, one in zip(self.ends, asked, strict=True))


class PlaceFiles:
    """Follows the files of a table that is partitioned by night.

    Parameters
    ----------
    path
        Folder of the table.
    """

    def __init__(self, path: LakePath) -> None:
        self._path, self._version = path, -1
        self._files: dict[str, PlacedFile] = {}
        self._nights: dict[str | None, dict[str, PlacedFile]] = {}

    def of(self, night: str, wanted: Offsets) -> list[str]:
        """Return the files of a night that may hold one of some places, in the order of the log.

        Call `follow` first.

        Parameters
        ----------
        night
            As YYYY-MM-DD.
        wanted
            The places, of each partition at least one.
        """
        return [one.path for one in self._nights.get(night, {}).values() if one.may_hold(wanted)]

    def follow(self) -> None:
        """Learn what was committed since; where the log goes on elsewhere, or not at all, learn all of it."""
        newest = newest_version(self._path)
        if not -1 < self._version <= newest or not self._add_commits(newest):
            self._load()

    def _add_commits(self, newest: int) -> bool:
        """Add the commits up to a version; tell whether all of them are there."""
        for version in range(self._version + 1, newest + 1):
            try:
                actions = [json.loads(line) for line in entry(self._path, version).read_text().splitlines() if line]
            except OSError:
                return False  # the log was cleaned further than this process has read it
            for action in actions:
                self._apply(action)
            self._version = version
        return True

    def _apply(self, action: Mapping[str, Any]) -> None:
        if removed := action.get("remove"):
            self._drop(unquote(removed["path"]))
        if added := action.get("add"):
            told = json.loads(added.get("stats") or "{}")
            low, high = told.get("minValues", {}), told.get("maxValues", {})
            ends = tuple((low.get(name), high.get(name)) for name in KAFKA_KEY)
            self._keep(PlacedFile(unquote(added["path"]), added["partitionValues"].get("night") or None, ends))

    def _load(self) -> None:
        table = delta_table(self._path)
        self._files, self._nights = {}, {}
        for one in _placed(pa.table(table.get_add_actions(flatten=True))):
            self._keep(one)
        self._version = table.version()

    def _keep(self, file: PlacedFile) -> None:
        self._drop(file.path)
        self._files[file.path] = file
        self._nights.setdefault(file.night, {})[file.path] = file

    def _drop(self, path: str) -> None:
        known = self._files.pop(path, None)
        if known is not None:
            del self._nights[known.night][path]


def _placed(actions: pa.Table) -> Iterator[PlacedFile]:
    """Yield the files that a table consists of."""
    names = [f"{end}.{name}" for name in KAFKA_KEY for end in ("min", "max")]
    there = [name for name in ("path", "partition.night", *names) if name in actions.column_names]
    for row in actions.select(there).to_pylist():
        night = row.get("partition.night")
        ends = tuple((row.get(f"min.{name}"), row.get(f"max.{name}")) for name in KAFKA_KEY)
        yield PlacedFile(unquote(row["path"]), None if night is None else str(night), ends)


def _meet(ends: Ends, asked: Iterable[Any]) -> bool:
    """Tell whether two ranges meet; a file without statistics may hold anything."""
    (low, high), (first, last) = ends, asked
    return low is None or high is None or bool(low <= last and high >= first)
