"""Watch how much memory processes hold while something runs."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

import psutil

_EVERY_S = 0.5
_MIB = 1024 * 1024
TOGETHER = "all together"


class MemoryWatch:
    """Samples the resident memory of process trees until it is closed.

    Attributes
    ----------
    peak_mb
        Highest sum over a tree, in MiB, by name; a page that processes share is counted for each of them.
    peak_own_mb
        The same, a shared page counted once (PSS), and of all trees at one moment as `TOGETHER`; empty where the
        system does not tell.
    """

    def __init__(self) -> None:
        self.peak_mb: dict[str, float] = {}
        self.peak_own_mb: dict[str, float] = {}
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
        """Watch a process and everything below it under a name.

        Parameters
        ----------
        name
            What it is told under; a process that had it is watched no more.
        pid
            Of the process.
        """
        self._roots = {**self._roots, name: pid}

    def _watch(self) -> None:
        while not self._end.wait(_EVERY_S):
            self._sample(self._roots)

    def _sample(self, roots: Mapping[str, int]) -> None:
        for name, pid in roots.items():
            held = tree_rss_mb(pid)
            self.peak_mb[name] = max(held, self.peak_mb.get(name, 0.0))
        own = {name: tree_pss_mb(pid) for name, pid in roots.items()}
        for name, held in {**own, TOGETHER: sum(own.values())}.items():
            if held:
                self.peak_own_mb[name] = max(held, self.peak_own_mb.get(name, 0.0))


def tree_rss_mb(pid: int) -> float:
    """Return the resident memory of a process and its descendants in MiB; 0 when it is gone."""
    return round(_sum_of_tree(pid, lambda process: process.memory_info().rss) / _MIB, 1)


def tree_pss_mb(pid: int) -> float:
    """Return the memory of a process and its descendants in MiB, each page once; 0 when it is gone, or nobody tells."""
    return round(_sum_of_tree(pid, _pss) / _MIB, 1)


def _pss(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except (AttributeError, psutil.AccessDenied):  # not Linux; a process of somebody else
        return 0.0


def tree_cpu_s(pid: int) -> float:
    """Return the processor seconds of a process and its descendants, those that ended included; 0 when it is gone."""
    return _sum_of_tree(pid, _cpu_s)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _sum_of_tree(pid: int, of: Callable[[psutil.Process], float]) -> float:
    """Add up something over a process and its descendants; one that has gone counts nothing."""
    total = 0.0
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return total
    for process in tree:
        with suppress(psutil.NoSuchProcess):
            total += of(process)
    return total
