"""In which order the workers of a run take test files: the longest first, so that they end together.

How long each file takes is kept in `durations.json`; ``FINK_TEST_DURATIONS=1`` has a run write what it saw into it.
Files of a folder that share what takes long to make are one piece of work (`SHARING`).
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

DURATIONS = Path(__file__).with_name("durations.json")
LEAST_S = 2  # a shorter file is not listed: it fills the gaps
SHARING = ("tests/integration/client", "tests/releases")  # a secured broker; what v0.1.0 answers


def file_of(nodeid: str) -> str:
    """Return the file of a test, as `durations.json` names it."""
    return nodeid.partition("::")[0]


def piece_of(file: str) -> str:
    """Return the piece of work that a file is, or belongs to."""
    folder = file.rpartition("/")[0]
    return folder if folder in SHARING else file


def known_seconds(path: Path = DURATIONS) -> dict[str, int]:
    """Return how long each listed file takes."""
    found: dict[str, int] = json.loads(path.read_text())
    return found


def longest_first(items: list[pytest.Item], seconds: Mapping[str, int]) -> list[pytest.Item]:
    """Return tests in the order of work, file by file; within a file as they stand.

    Parameters
    ----------
    items
        All tests of a run, in the order of files.
    seconds
        How long each file takes; one that is not there is short.
    """

    pieces: Counter[str] = Counter()
    for file in dict.fromkeys(file_of(item.nodeid) for item in items):
        pieces[piece_of(file)] += seconds.get(file, 0)

    def rank(item: pytest.Item) -> tuple[int, str]:
        file = file_of(item.nodeid)
        return -pieces[piece_of(file)], file

    return sorted(items, key=rank)


def scheduler(config: pytest.Config, log: Any) -> Any:
    """Return what deals pieces of work out to workers, in the order in which tests are collected.

    Parameters
    ----------
    config, log
        Of the run, see xdist.
    """
    from xdist.scheduler import LoadFileScheduling

    class Pieces(LoadFileScheduling):  # type: ignore[misc]  # what xdist exports is not typed
        def _split_scope(self, nodeid: str) -> str:
            return piece_of(file_of(nodeid))

    return Pieces(config, log)


def renewed(seconds: Mapping[str, int], seen: Mapping[str, float], root: Path) -> dict[str, int]:
    """Return how long files take by what was seen; of files that are gone nothing is kept.

    Parameters
    ----------
    seconds
        As it was known.
    seen
        Seconds by file, of this run.
    root
        Of the checkout.
    """
    known = {**seconds, **{file: round(took) for file, took in seen.items()}}
    there = {file: took for file, took in known.items() if took >= LEAST_S and (root / file).is_file()}
    return dict(sorted(there.items(), key=lambda one: (-one[1], one[0])))


class Clock:
    """Adds up how long each file took, and writes it down at the end."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.seen: defaultdict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add what one phase of a test took."""
        self.seen[file_of(report.nodeid)] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Write it down."""
        DURATIONS.write_text(json.dumps(renewed(known_seconds(), self.seen, self.root), indent=1) + "\n")
