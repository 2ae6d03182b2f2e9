import os
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from fink_lib.errors import LeaseHeld
from fink_lib.processes.identity import TOKEN_VARIABLE, processes_of
from fink_lib.streams.lease import Handle, read_lease, release_lease, take_lease, write_lease
from fink_lib.streams.spec import StreamSpec

YOURS, NEXT = "yours", "next"


def test_the_lease_describes_its_holder(spec: StreamSpec) -> None:
    handle = take_lease(spec, "mine")
    assert read_lease(spec.paths.lease) == handle
    assert (handle.pid, handle.stream, handle.spec_hash) == (os.getpid(), "ztf.enrich", spec.hash)
    assert handle.is_alive


def test_a_living_holder_keeps_it(spec: StreamSpec) -> None:
    take_lease(spec, "mine")
    with pytest.raises(LeaseHeld, match=f"process {os.getpid()}"):
        take_lease(spec, YOURS)
    release_lease(spec, "yours")
    assert read_lease(spec.paths.lease) is not None
    release_lease(spec, "mine")
    assert take_lease(spec, YOURS).token == YOURS


def test_a_recycled_pid_is_not_the_holder(spec: StreamSpec) -> None:
    mine = take_lease(spec, "dead")
    write_lease(spec.paths.lease, replace(mine, process_started_at=mine.process_started_at - 1000))
    assert take_lease(spec, NEXT).token == NEXT


def test_another_host_counts_as_alive(spec: StreamSpec) -> None:
    write_lease(spec.paths.lease, replace(Handle.of_this_process(spec, "far"), host="far.away", pid=1))
    with pytest.raises(LeaseHeld, match=r"far\.away"):
        take_lease(spec, "near")


def test_takeover_ends_what_a_dead_driver_left_behind(spec: StreamSpec) -> None:
    mine = take_lease(spec, "dead")
    write_lease(spec.paths.lease, replace(mine, pid=2**22 - 1))
    orphan = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(orphan, env={**os.environ, TOKEN_VARIABLE: "dead"}) as process:
        take_lease(spec, NEXT)
        assert process.wait(5) == -9
    assert processes_of("dead") == []


@pytest.mark.parametrize("left", ["", "{", "[]", '{"pid": 1}'])
def test_a_lease_that_a_power_cut_damaged_is_held_by_nobody(spec: StreamSpec, left: str) -> None:
    path = spec.paths.lease
    path.parent.mkdir(parents=True)
    path.write_text(left)
    with pytest.raises(LeaseHeld, match="cannot be read: remove it if no driver"):
        take_lease(spec, NEXT)
    before = psutil.boot_time() - 60.0
    os.utime(path, (before, before))
    assert take_lease(spec, NEXT).token == NEXT
