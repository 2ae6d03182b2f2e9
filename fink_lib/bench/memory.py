"""Watch how much memory processes hold while something runs."""

import threading
from collections.abc import Mapping

import psutil

_EVERY_S = 0.5
_MIB = 1024 * 1024


class MemoryWatch:
    """Samples the resident memory of process trees until it is closed.

    Attributes
    ----------
    peak_mb
        Highest sum over a tree, in MiB, by name.
    """

    def __init__(self) -> None:
        self.peak_mb: dict[str, float] = {}
        self._roots: dict[str, int] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def close(self) -> None:
        """End sampling."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()

    def add(self, name: str, pid: int) -> None:
        """Watch a process and everything below it under a name."""
        self._roots = {**self._roots, name: pid}

    def _watch(self) -> None:
        while not self._end.wait(_EVERY_S):
            self._sample(self._roots)

    def _sample(self, roots: Mapping[str, int]) -> None:
        for name, pid in roots.items():
            held = tree_rss_mb(pid)
            self.peak_mb[name] = max(held, self.peak_mb.get(name, 0.0))


def tree_rss_mb(pid: int) -> float:
    """Return the resident memory of a process and its descendants in MiB; 0 when it is gone."""
    total = 0
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for process in tree:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return round(total / _MIB, 1)


def tree_cpu_s(pid: int) -> float:
    """Return the processor seconds of a process and its descendants, those that ended included; 0 when it is gone."""
    total = 0.0
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    for process in tree:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total
