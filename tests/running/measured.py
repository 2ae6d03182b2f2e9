"""The share of the lines that unit tests run.

``FINK_TEST_COVERAGE=1`` has each worker note what is run while it collects or runs a test of `tests/unit`; what other
tests run is left out, since they are there for what only Kafka, Spark and Airflow can show.
"""

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from coverage import Coverage

UNIT = "tests/unit/"
WANTED = "FINK_TEST_COVERAGE"
WORKER = "PYTEST_XDIST_WORKER"


def begun() -> "Coverage | None":
    """Return what notes lines from now on; None where nobody asks, or in the process that only deals work out."""
    if WANTED not in os.environ or WORKER not in os.environ:
        return None
    from coverage import Coverage

    coverage = Coverage(data_suffix=True)
    coverage.start()
    return coverage


class Lines:
    """Notes lines while unit tests run."""

    def __init__(self, coverage: "Coverage") -> None:
        self.coverage, self.notes = coverage, True

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Go on or pause: a worker runs whole files."""
        wanted = nodeid.startswith(UNIT)
        if wanted != self.notes:
            self.notes = wanted
            (self.coverage.start if wanted else self.coverage.stop)()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Keep what was noted."""
        if self.notes:
            self.coverage.stop()
        self.coverage.save()
