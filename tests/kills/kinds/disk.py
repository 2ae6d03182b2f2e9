"""A disk that is full."""

import os
from contextlib import suppress

from fink_lib.streams.faults import forgive
from fink_lib.streams.spec import Stage
from tests.kills.chaos import Chaos, awaited
from tests.kills.kind import Kind, Send

FULL_S = 90.0  # until a stream has met the full disk
SPARE_BYTES = 64 * 1024


def disk_full(chaos: Chaos, send: Send) -> str:
    """Fill the disk, wait until a stream ends by it, make room."""
    ballast = chaos.settings.home / "ballast"
    with suppress(OSError), ballast.open("wb") as file:  # the streams take of the same disk meanwhile
        free = os.statvfs(chaos.settings.home)
        file.write(bytes(max(0, free.f_bavail * free.f_frsize - SPARE_BYTES)))
    send()
    awaited(chaos.fallen, FULL_S)
    fallen = chaos.fallen()
    ballast.unlink()
    for stage in Stage:
        forgive(chaos.spec(stage))
    return f"{', '.join(fallen) or 'no stream'} ended"


KINDS = (
    Kind("disk full", disk_full, "the stream is red; once there is room it goes on where it stood", needs_disk=True),
)
