"""What the scheduler imports before it forks: packages from outside, and nothing that a change of the code replaces."""

import ast
import subprocess
import sys
from pathlib import Path

from fink_lib.config import PROJECT_DIR
from fink_lib.orchestration import listener
from fink_lib.orchestration.plugin import FinkPlugin
from tests.unit.imports import imported

# As Airflow does: the plugin's listeners are hooked in, and told when a job of Airflow's, or a task, starts
PROGRAM = """
import sys
from airflow.listeners.listener import get_listener_manager
from fink_lib.config import PROJECT_DIR
from fink_lib.orchestration import listener
manager = get_listener_manager()
manager.add_listener(listener)  # no news where the plugin is installed
before = {name for name in sys.modules if name.startswith("fink_lib")}
manager.hook.on_starting(component=object())
after = {name for name in sys.modules if name.startswith("fink_lib")}
print("pyarrow.dataset" in sys.modules, "deltalake" in sys.modules, *sorted(after - before))
"""


def test_the_plugin_brings_the_listener() -> None:
    assert FinkPlugin.listeners == [listener]


def test_who_starts_imports_packages_and_nothing_of_ours(tmp_path: Path) -> None:
    environment = {"AIRFLOW_HOME": str(tmp_path), "PATH": "", "PYTHONPATH": str(PROJECT_DIR)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines()[-1:] == ["True True fink_lib.orchestration.packages"], done.stderr


def test_the_packages_are_none_of_ours() -> None:
    there = set(imported(ast.parse(Path(listener.__file__).with_name("packages.py").read_text())))
    assert "pyarrow.dataset" in there
    assert [name for name in there if name.startswith("fink_lib")] == []
