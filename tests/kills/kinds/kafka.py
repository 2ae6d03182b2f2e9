"""Kafka killed, and Kafka that hangs."""

import os
import signal
import time

from fink_lib.host.services import KAFKA
from tests.kills.chaos import Chaos
from tests.kills.kind import Kind, Send

HUNG_S = float(os.environ.get("FINK_TEST_KAFKA_S", "5"))


def kafka_killed(chaos: Chaos, send: Send) -> str:
    """Kill the broker and start it again."""
    send()
    chaos.kill_kafka()
    return "started again with what it has on disk"


def kafka_hangs(chaos: Chaos, send: Send) -> str:
    """Stop the broker's process for a while: connections stay open, and nothing is answered."""
    service = chaos.kafka.services.get(KAFKA)
    assert service is not None
    send()
    os.kill(service.pid, signal.SIGSTOP)
    time.sleep(HUNG_S)
    os.kill(service.pid, signal.SIGCONT)
    return f"for {HUNG_S:.0f} s"


KINDS = (
    Kind("Kafka killed", kafka_killed, "clients connect again; a driver that gave up is started again"),
    Kind("Kafka hangs", kafka_hangs, "clients wait; a driver that gave up is started again", is_quick=True),
)
