"""Whatever bytes come, ingest has an answer: bronze or a reason, never an exception, in bounded time and memory.

`FINK_TEST_FUZZ_S` is for how long it tries (an hour is the long form), `FINK_TEST_FUZZ_SEED` repeats a run.
"""

import os
import random
import resource
import time
from pathlib import Path

import pytest

from fink_lib.config import Settings
from fink_lib.ingest.examine import examine
from fink_lib.simulator.sample import sample_night
from fink_lib.surveys import ZTF

TRIED_S = float(os.environ.get("FINK_TEST_FUZZ_S", "5"))
LONGEST_S = 10.0  # for one message; a busy machine pauses for seconds
GROWN_MB = 300
EDGES = (0, 1, 2, 127, 128, 255)


@pytest.fixture(scope="module")
def packets() -> list[bytes]:
    paths: list[Path] = sorted(sample_night(Settings(), ZTF).glob("*.avro"))[:5]
    return [path.read_bytes() for path in paths]


def damaged(packet: bytes, chance: random.Random) -> bytes:
    """Return a packet with some bytes changed, left out, doubled, or replaced by those that lengths are made of."""
    data = bytearray(packet)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data)) if chance.random() < 0.5 else chance.randrange(min(len(data), 20_000))
        size = chance.choice((1, 1, 2, 9, 64))
        match chance.randrange(5):
            case 0:
                data[at : at + size] = chance.randbytes(size)
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = data[at : at + size]
            case 3:
                data[at : at + size] = bytes(chance.choice(EDGES) for _ in range(size))
            case _:
                data[at : at + 9] = b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f"  # the largest number that Avro writes so
        if len(data) < 2:
            break
    return bytes(data)


def test_no_bytes_are_beyond_an_answer(packets: list[bytes]) -> None:
    seed = int(os.environ.get("FINK_TEST_FUZZ_SEED") or random.SystemRandom().randrange(2**32))
    print(f"FINK_TEST_FUZZ_SEED={seed}")  # noqa: T201 - shown when it fails: it repeats the run
    chance = random.Random(seed)  # noqa: S311 - damage, not secrets
    assert examine(packets[0], ZTF).error_class is None
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    end, tried, refused = time.monotonic() + TRIED_S, 0, 0
    while time.monotonic() < end or tried < 20:
        message, since = damaged(chance.choice(packets), chance), time.monotonic()
        found = examine(message, ZTF)
        refused += found.error_class is not None
        tried += 1
        assert time.monotonic() - since < LONGEST_S
    assert refused > 0
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < GROWN_MB
    print(f"tried={tried} refused={refused}")  # noqa: T201
