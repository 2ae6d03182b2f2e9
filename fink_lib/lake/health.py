"""How a table lies on disk beside what it should be: number and size of files, out of its log, without a JVM."""

import math
from dataclasses import asdict, dataclass

import pyarrow as pa

from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.storage import LakePath

MB = 1_000_000
SMALL = 0.25  # of the aimed-at size: a smaller file is one of many that should be few
SLACK = 1.2  # compaction cannot cut files to size exactly
ENOUGH_FILES = 2  # one file cannot be made fewer


@dataclass(frozen=True)
class Health:
    """The files of a table, or of one partition of it.

    Attributes
    ----------
    files, bytes, rows
        What the newest version holds.
    partitions
        How many partitions they are in.
    fewest
        How few files would hold as much at the aimed-at size.
    crowded
        Partitions with more files than that, by their folder.
    """

    files: int
    bytes: int
    rows: int
    partitions: int
    fewest: int
    crowded: tuple[str, ...] = ()

    @property
    def file_mb(self) -> float:
        """Mean size of a file, in MB."""
        return self.bytes / self.files / MB if self.files else 0.0

    def as_json(self) -> dict[str, object]:
        """Facts for a result file."""
        return {**asdict(self), "crowded": list(self.crowded), "file_mb": round(self.file_mb, 3)}


def fewest_files(size: int, file_mb: int) -> int:
    """Return how few files of a size hold so many bytes.

    Parameters
    ----------
    size
        Bytes in all; 0 needs no file.
    file_mb
        Aimed-at size of a file, in MB (10^6 bytes).
    """
    return max(1, math.ceil(size / (file_mb * MB))) if size else 0


def is_crowded(files: int, size: int, file_mb: int) -> bool:
    """Tell whether compaction would leave clearly fewer files.

    Parameters
    ----------
    files
        How many there are.
    size
        Bytes of all of them.
    file_mb
        Aimed-at size of a file, in MB (10^6 bytes).
    """
    return files >= ENOUGH_FILES and files > SLACK * fewest_files(size, file_mb)


def health(spec: TableSpec, lake: LakePath) -> Health | None:
    """Return the state of a table, None where there is none.

    Parameters
    ----------
    spec
        The table; its ``file_mb`` is what its files are measured by.
    lake
        Root folder of the tables.
    """
    path = spec.path(lake)
    if not is_delta_table(path):
        return None
    actions = pa.table(delta_table(path).get_add_actions(flatten=True)).to_pylist()
    parts: dict[str, list[dict[str, int]]] = {}
    for action in actions:
        values = "/".join(
            f"{key.removeprefix('partition.')}={value}" for key, value in action.items() if "partition." in key
        )
        parts.setdefault(values, []).append({"size": action["size_bytes"], "rows": action["num_records"] or 0})
    sizes = {name: sum(file["size"] for file in files) for name, files in parts.items()}
    return Health(
        files=len(actions),
        bytes=sum(sizes.values()),
        rows=sum(file["rows"] for files in parts.values() for file in files),
        partitions=len(parts),
        fewest=sum(fewest_files(size, spec.file_mb) for size in sizes.values()),
        crowded=tuple(
            sorted(name for name, files in parts.items() if is_crowded(len(files), sizes[name], spec.file_mb))
        ),
    )
