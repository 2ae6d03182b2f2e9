"""Checkpoints that are deleted, older than they should be, or damaged."""

from pathlib import Path

from fink_lib.streams.faults import forgive
from fink_lib.streams.spec import Stage
from tests.kills.chaos import Chaos, awaited
from tests.kills.kind import Kind, Send

SEEN_S = 90.0  # until a driver has met what is damaged
BY_THE_TABLES = "the stream asks its tables what they hold, and writes the rest"


def checkpoint_deleted(chaos: Chaos, send: Send) -> str:
    """Delete the checkpoint of a stream."""
    chaos.lose_checkpoint(chaos.chance.choice(list(Stage)), restore=False)
    send()
    return chaos.told[-1]


def checkpoint_old(chaos: Chaos, send: Send) -> str:
    """Put an older copy in the place of a checkpoint."""
    stage = chaos.chance.choice(list(Stage))
    chaos.copy_checkpoint(stage)
    chaos.start_all()
    send()
    chaos.drain()
    chaos.lose_checkpoint(stage, restore=True)
    return chaos.told[-1]


def checkpoint_damaged(chaos: Chaos, send: Send) -> str:
    """Cut the newest file of offsets in half; where the stream ends by it, do what the operator's page says."""
    stage = chaos.chance.choice(list(Stage))
    chaos.end(stage)
    newest = _newest(chaos.spec(stage).checkpoint / "offsets")
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    (newest.parent / f".{newest.name}.crc").unlink(missing_ok=True)
    send()
    chaos.start_all()
    fell = awaited(lambda: stage in chaos.fallen(), SEEN_S)
    if fell:
        chaos.lose_checkpoint(stage, restore=False)
        forgive(chaos.spec(stage))
    return f"{stage}: {'ended by it, and its checkpoint was moved away' if fell else 'went on'}"


def _newest(offsets: Path) -> Path:
    return max((one for one in offsets.glob("*") if one.name.isdigit()), key=lambda one: int(one.name))


KINDS = (
    Kind("checkpoint deleted", checkpoint_deleted, BY_THE_TABLES),
    Kind("older checkpoint restored", checkpoint_old, BY_THE_TABLES),
    Kind(
        "checkpoint damaged", checkpoint_damaged,
        "the stream is red with a sentence; its checkpoint is moved away by hand, and the tables say what is missing",
    ),
)  # fmt: skip
