"""A job does not hide the standard library from what it imports."""

import subprocess
from pathlib import Path

from fink_lib.config import PROJECT_DIR
from fink_lib.processes.command import job_command


def test_a_job_named_like_a_module_does_not_hide_it(tmp_path: Path) -> None:
    job = tmp_path / "statistics.py"
    job.write_text(
        "import statistics, sys\nsys.exit(int(statistics.median([1, 2, 9]) != 2 or sys.argv[1] != 'word'))\n"
    )
    assert subprocess.run(job_command(job, "word"), check=False, timeout=60).returncode == 0


def test_every_job_can_be_imported(tmp_path: Path) -> None:
    jobs = [str(job) for job in sorted((PROJECT_DIR / "jobs").rglob("*.py"))]
    all_of_them = tmp_path / "run.py"
    all_of_them.write_text(
        f"import runpy, sys\nsys.path.insert(0, {str(PROJECT_DIR)!r})\nfor job in {jobs!r}:\n    runpy.run_path(job)\n"
    )
    done = subprocess.run(job_command(all_of_them), capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-1000:]
