"""The process around a command of the portal: one that hangs is ended with all that it started, and says so."""

import json
import time
from pathlib import Path

import pytest

from fink_lib.portal.works import child
from fink_lib.processes.identity import process_started_at

HANGS = "#!/bin/sh\nsleep 300 &\necho $! > sleeper\nwait\n"


def test_a_command_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "fink"
    command.write_text(HANGS)
    command.chmod(0o755)
    monkeypatch.setattr(child, "FINK", command)
    monkeypatch.chdir(tmp_path)
    (tmp_path / child.ASKED).write_text(json.dumps({"command": ["transfer"]}))
    assert child.main(tmp_path, 3.0) != 0
    assert json.loads((tmp_path / child.ENDED).read_text())["code"] != 0
    assert "it was ended after" in (tmp_path / child.ERR).read_text()
    sleeper = int((tmp_path / "sleeper").read_text())
    ends = time.monotonic() + 10.0
    while process_started_at(sleeper) is not None and time.monotonic() < ends:
        time.sleep(0.1)
    assert process_started_at(sleeper) is None
