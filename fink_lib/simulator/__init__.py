"""Plays alert files into Kafka with a survey's framing, cadence and faults, and writes the truth of what it sent."""

from fink_lib.simulator.player import play, resolve_path
from fink_lib.simulator.programme import require_packets
from fink_lib.simulator.published import ensure_schemas
from fink_lib.simulator.request import Fault, PlayRequest, PlayResult
from fink_lib.simulator.sample import sample_night

__all__ = [
    "Fault",
    "PlayRequest",
    "PlayResult",
    "ensure_schemas",
    "play",
    "require_packets",
    "resolve_path",
    "sample_night",
]
