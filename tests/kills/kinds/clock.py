"""A clock that is wrong."""

import time

from fink_lib.streams.spec import Stage
from tests.kills.chaos import Chaos
from tests.kills.fault_points import CLOCK
from tests.kills.kind import Kind, Send

HOUR_S = 3600


def clock_moved(chaos: Chaos, send: Send) -> str:
    """Let a driver run an hour ahead of the others, then set it right."""
    stage = chaos.chance.choice(list(Stage))
    chaos.restart(stage, {CLOCK: str(HOUR_S)})
    send()
    time.sleep(chaos.chance.uniform(5, 10))
    chaos.end(stage)
    return f"{stage}: an hour ahead"


KINDS = (
    Kind("clock of a driver an hour ahead", clock_moved, "what it did stands; only the times that it noted are off"),
)
