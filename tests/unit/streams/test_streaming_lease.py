import os
import subprocess
import sys
from dataclasses import replace

import pytest

from fink_lib.errors import LeaseHeld
from fink_lib.processes.identity import TOKEN_VARIABLE, processes_of
from fink_lib.streams.holding import let_go
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


DAMAGED = pytest.mark.parametrize("left", ["", "{", "[]", '{"pid": 1}'])
HOLDER = """
import sys
from pathlib import Path
from fink_lib.streams.holding import hold
assert hold(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@DAMAGED
def test_a_lease_that_a_power_cut_damaged_is_held_by_nobody(spec: StreamSpec, left: str) -> None:
    """Also where the machine has not started anew since: a full disk, a container that was frozen."""
    path = spec.paths.lease
    path.parent.mkdir(parents=True)
    path.write_text(left)
    assert read_lease(path) is None
    assert take_lease(spec, NEXT).token == NEXT


@DAMAGED
def test_a_damaged_lease_is_held_while_its_process_lives(spec: StreamSpec, left: str) -> None:
    path = spec.paths.lease
    words = [sys.executable, "-c", HOLDER, str(path.with_suffix(".held"))]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline() == "held\n"
        path.write_text(left)
        with pytest.raises(LeaseHeld, match="cannot be read, and a driver of that stream lives"):
            take_lease(spec, NEXT)
        driver.kill()
    assert take_lease(spec, NEXT).token == NEXT


def test_the_holder_of_a_damaged_lease_may_be_this_process(spec: StreamSpec) -> None:
    take_lease(spec, "mine")
    spec.paths.lease.write_text("")
    with pytest.raises(LeaseHeld, match="a driver of that stream lives"):
        take_lease(spec, YOURS)
    let_go(spec.paths.lease.with_suffix(".held"))
    assert take_lease(spec, YOURS).token == YOURS
