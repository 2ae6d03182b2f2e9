"""Jobs that belong to no night: their arguments, their last word, and a dry run that does nothing."""

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from fink_lib.errors import JobFailed
from fink_lib.orchestration.plain_jobs import JobOperator


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one job, which writes down its arguments and fails when asked to."""
    (tmp_path / "jobs" / "maintenance").mkdir(parents=True)
    (tmp_path / "jobs" / "maintenance" / "note.py").write_text(
        "import pathlib, sys\n"
        "pathlib.Path(__file__).with_suffix('.txt').write_text(repr(sys.argv[1:]))\n"
        "sys.stderr.write('a line\\nthe catalogue has no column ra\\n')\n"
        "sys.exit(2 if 'fail' in sys.argv else 0)\n"
    )
    monkeypatch.setenv("FINK_PROJECT", str(tmp_path))
    monkeypatch.setenv("FINK_HOME", str(tmp_path / "home"))
    return tmp_path


def run(arguments: list[str], **options: Any) -> None:
    operator = JobOperator(task_id="note", job="maintenance/note", arguments=arguments, **options)
    operator.run = "run-1"
    operator.execute({})  # type: ignore[typeddict-item]


def test_a_job_gets_its_arguments(project: Path) -> None:
    run(["--names", "vsx,gcvs", "--empty", ""])
    noted = project / "jobs" / "maintenance" / "note.txt"
    assert noted.read_text() == repr(["--names", "vsx,gcvs", "--empty", ""])


def test_the_last_word_of_a_job_is_the_error(project: Path) -> None:
    with pytest.raises(JobFailed, match="the catalogue has no column ra"):
        run(["fail"])


def test_a_dry_run_starts_nothing(project: Path) -> None:
    with pytest.raises(AirflowSkipException, match="dry run"):
        run([], skip_when="True")
    assert not (project / "jobs" / "maintenance" / "note.txt").exists()
    run([], skip_when="False")
    assert (project / "jobs" / "maintenance" / "note.txt").exists()


def test_each_task_ends_only_its_own_leftovers() -> None:
    one, other = (JobOperator(task_id=name, job="a/b") for name in ("one", "other"))
    assert one.token != other.token
