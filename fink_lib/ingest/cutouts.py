"""The gzip CRC of every cutout: a damaged stamp leaves a packet readable, so it is looked for in every alert."""

from collections.abc import Sequence

import pyarrow as pa

from fink_lib.errors import PacketError
from fink_lib.surveys import Damage
from fink_lib.surveys.checks import gzip_fault


def stamp_fault(stamps: Sequence[tuple[str, pa.Array]], row: int) -> PacketError | None:
    """Say which stamp of an alert is damaged, the first of them; an absent stamp is fine.

    Parameters
    ----------
    stamps
        Path and bytes of each stamp; one that is there is one whole gzip stream with a fitting CRC.
    row
        Place of the alert.
    """
    for path, column in stamps:
        stamp = column[row]
        # A view into the Arrow buffer: nothing is copied.
        if stamp.is_valid and (fault := gzip_fault(memoryview(stamp.as_buffer()))):
            return PacketError(Damage.CUTOUT_DAMAGED, f"{path}: {fault}")
    return None
