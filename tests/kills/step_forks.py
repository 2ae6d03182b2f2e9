"""Runs nightly jobs, each in a fork that has everything imported; one that is told a fault point dies there."""

import importlib
import os
import runpy
import sys

from fink_lib.config import PROJECT_DIR
from tests.kills.fault_points import FaultPoint, install

RESULT = "fink_lib.nightly.job"
STEP_POINTS = {
    "losses noted, result not": FaultPoint("reconcile", "fink_lib.nightly.reconcile.step", "note_losses", 1),
    "quality recorded, result not": FaultPoint("quality", "fink_lib.quality.step", "record_results", 1),
    "matches written, version not": FaultPoint("crossmatch", "fink_lib.catalogs.nights", "exchange_rows", 1),
    "objects merged, pairs not": FaultPoint("objects", "fink_lib.objects.merge:ObjectBook", "merge", 1),
    "events matched, result not": FaultPoint("events", "fink_lib.nightly.events", "write_night", 1),
    "one table compacted": FaultPoint("compact", "fink_lib.nightly.compact", "_compact", 1),
    "statistics recorded, result not": FaultPoint("statistics", "fink_lib.nightly.statistics.history", "record", 1),
    "sources written, names not": FaultPoint("serve", "fink_lib.nightly.serve.step", "merge_once", 1),
    "page written, twin not": FaultPoint("report", "fink_lib.nightly.report.step", "replace_text", 1),
    "manifest in the table, file not": FaultPoint("manifest", "fink_lib.nightly.closed:NightsLedger", "record", 1),
}
IMPORTED = (
    "expectations.suites", "great_expectations", "pandas", "fink_lib.catalogs.join", "fink_lib.nightly.report.step",
    "fink_lib.nightly.reconcile.step", "fink_lib.nightly.statistics.step", "fink_lib.quality.step",
)  # fmt: skip


def main() -> None:
    """Read lines of home, step, arguments and fault point; answer each with what its process ended with."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    for name in IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        home, step, words, point = line.rstrip("\n").split("\t")
        pid = os.fork()
        if pid == 0:
            os.environ["FINK_HOME"] = home
            _be(step, words.split(), point)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)  # noqa: T201 - its answer


def _be(step: str, words: list[str], point: str) -> None:
    code = 1
    try:
        if point:
            install(STEP_POINTS[point])
        sys.argv = [step, *words]
        runpy.run_path(str(PROJECT_DIR / "jobs" / "nightly" / f"{step}.py"), run_name="__main__")
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
