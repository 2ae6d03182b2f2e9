"""Ways to damage a packet, each as it happens in the wild, for each framing."""

import random
from collections.abc import Callable

from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.checks import decode
from fink_lib.surveys.container import SYNC_BYTES
from fink_lib.surveys.framing import ConfluentFraming, ContainerFraming

Damager = Callable[[bytes, Survey, random.Random], bytes | None]
"""Returns the damaged message, or None where this packet cannot be damaged so."""

_GARBAGE_BYTES = 64
_KEPT_BYTES = 16  # of the datum, so that a cut is never the same as an empty container


def truncate(message: bytes, survey: Survey, rng: random.Random) -> bytes | None:
    """Cut a message off somewhere in its datum.

    Parameters
    ----------
    message
        A whole message, framed.
    survey
        Its framing tells where the datum begins.
    rng
        Chooses the place of the cut.

    Returns
    -------
    None for a message that is too short to be cut.
    """
    start = survey.framing.datum_start(message) + _KEPT_BYTES
    end = len(message) - SYNC_BYTES
    return message[: rng.randrange(start, end)] if start < end else None


def unknown_schema(message: bytes, survey: Survey, _rng: random.Random) -> bytes | None:
    """Write the packet with a schema that nobody announced: one more field, or an unknown schema id.

    Parameters
    ----------
    message
        A whole message, framed.
    survey
        Its framing says how a schema is told.
    _rng
        Not asked: there is one way.
    """
    return survey.framing.unannounced(message)


def bad_sync_marker(message: bytes, _survey: Survey, rng: random.Random) -> bytes | None:
    """Change a byte of the marker that closes the block.

    Parameters
    ----------
    message
        An Avro container, which ends with the marker.
    _survey
        Not asked: all containers end so.
    rng
        Chooses the byte and what becomes of it.
    """
    at = len(message) - 1 - rng.randrange(SYNC_BYTES)
    return message[:at] + bytes([message[at] ^ rng.randrange(1, 256)]) + message[at + 1 :]


def trailing_garbage(message: bytes, _survey: Survey, rng: random.Random) -> bytes | None:
    """Leave bytes of something else behind the packet.

    Parameters
    ----------
    message
        A whole message, framed.
    _survey
        Not asked: it is alike for all framings.
    rng
        Makes the 64 bytes.
    """
    return message + rng.randbytes(_GARBAGE_BYTES)


def no_record(message: bytes, survey: Survey, _rng: random.Random) -> bytes | None:
    """Keep the frame and lose the alert.

    Parameters
    ----------
    message
        A whole message, framed.
    survey
        Its framing tells where the datum begins.
    _rng
        Not asked: there is one way.
    """
    return message[: survey.framing.datum_start(message)]


def not_a_packet(message: bytes, _survey: Survey, _rng: random.Random) -> bytes | None:
    """Lose the first byte, which says what the message is.

    Parameters
    ----------
    message
        A whole message, framed.
    _survey
        Not asked: it is alike for all framings.
    _rng
        Not asked: there is one way.
    """
    return b"\xff" + message[1:]


def cutout_crc(message: bytes, survey: Survey, rng: random.Random) -> bytes | None:
    """Change a byte in the CRC of a stamp; everything else of the packet reads cleanly.

    Parameters
    ----------
    message
        A whole message that can be read.
    survey
        Its framing and fields tell where the stamps are.
    rng
        Chooses the stamp and the byte.

    Returns
    -------
    None where the survey does not gzip its stamps, or the packet has none.

    Raises
    ------
    PacketError
        When the message cannot be read.
    """
    datum = survey.framing.unwrap(message)
    record = decode(datum)
    stamps = [stamp for path in survey.fields.cutouts if (stamp := value_at(record, path))]
    if not (survey.cutout_gzip and stamps):
        return None
    stamp = rng.choice(stamps)
    at = datum.body.index(stamp) + len(stamp) - 8 + rng.randrange(4)  # a gzip stream ends with CRC and length
    body = datum.body[:at] + bytes([datum.body[at] ^ 0xFF]) + datum.body[at + 1 :]
    return survey.framing.wrap(datum.schema, body)


CORRUPTIONS: dict[str, tuple[Damager, ...]] = {
    ContainerFraming.name: (bad_sync_marker, trailing_garbage, no_record, cutout_crc),
    ConfluentFraming.name: (not_a_packet, trailing_garbage, no_record),
}
