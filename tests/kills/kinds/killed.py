"""Processes that are killed with -9 while alerts come."""

from fink_lib.streams.spec import Stage
from tests.kills.chaos import Chaos
from tests.kills.fault_points import POINTS
from tests.kills.kind import Kind, Send

FROM_ITS_CHECKPOINT = "another driver goes on from the checkpoint, and leaves out what the tables hold"


def driver_killed(chaos: Chaos, send: Send) -> str:
    """Kill a driver some seconds after alerts came."""
    stage = chaos.chance.choice(list(Stage))
    send()
    chaos.kill_driver(stage)
    return str(stage)


def worker_killed(chaos: Chaos, send: Send) -> str:
    """Kill a Python worker of a driver."""
    stage = chaos.chance.choice(list(Stage))
    send()
    chaos.kill_worker(stage)
    return chaos.told[-1]


def killed_between_commits(chaos: Chaos, send: Send) -> str:
    """Have a driver die between two commits of a batch."""
    point = chaos.chance.choice([*POINTS])
    stage = chaos.arm(point)
    send()
    chaos.start_all()
    chaos.await_fault(point, stage)
    return chaos.told[-1]


KINDS = (
    Kind("driver killed", driver_killed, FROM_ITS_CHECKPOINT),
    Kind("Python worker killed", worker_killed, "Spark does the task again, or another driver the batch"),
    Kind("killed between two commits", killed_between_commits, FROM_ITS_CHECKPOINT),
)
