"""A nightly step is a fork of its task: what steps import from outside is there before they begin."""

import subprocess
import sys
from pathlib import Path

from fink_lib.config import PROJECT_DIR
from tests.unit.imports import python_files

# Told as Airflow's scheduler is; then each step's file is read in a fork, as `fork_job` does
PROGRAM = """
import os, runpy, sys
from fink_lib.orchestration import listener
jobs, sys.argv = sys.argv[1:], ["airflow", "scheduler"]
listener.on_starting(object())
there = {name.partition(".")[0] for name in sys.modules} | sys.stdlib_module_names
print("ours", *sorted(name for name in sys.modules if name.startswith(("fink_lib.nightly", "fink_lib.quality"))))
for path in jobs:
    sys.stdout.flush()
    if not os.fork():
        runpy.run_path(path)
        late = {name.partition(".")[0] for name in sys.modules} - there
        print(path.rpartition("/")[2], *sorted(late - {"fink_lib", "expectations"}), flush=True)
        os._exit(0)
    os.wait()
"""


def test_steps_find_their_packages_and_none_of_ours(tmp_path: Path) -> None:
    jobs = sorted(str(path) for path in python_files(PROJECT_DIR, "jobs/nightly"))
    environment = {"AIRFLOW_HOME": str(tmp_path), "HOME": str(tmp_path), "PATH": "", "PYTHONPATH": str(PROJECT_DIR)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *jobs], cwd=PROJECT_DIR, env=environment, capture_output=True, text=True,
        timeout=180, check=False,
    )  # fmt: skip
    told = [line.split() for line in done.stdout.splitlines()]
    assert told[-len(jobs) - 1] == ["ours"], done.stderr
    assert [line[0] for line in told[-len(jobs) :]] == [Path(job).name for job in jobs], done.stderr
    assert {line[0]: line[1:] for line in told[-len(jobs) :] if line[1:]} == {}
