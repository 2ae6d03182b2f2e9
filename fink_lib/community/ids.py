"""Names of statements: UUIDs of version 7, which sort by the time that they were made (RFC 9562, section 5.7)."""

import os
import re

STATEMENT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_VERSION, _VARIANT = 0x7, 0b10


def uuid7(unix_us: int) -> str:
    """Return a new name.

    Parameters
    ----------
    unix_us
        Microseconds since 1970. Milliseconds fill the first 48 bits, the rest of them the 12 bits after the version
        (method 3 of section 6.2), so that names made one after the other sort so.
    """
    milliseconds, microseconds = divmod(unix_us, 1000)
    fraction = microseconds * 4096 // 1000
    random = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    value = milliseconds << 80 | _VERSION << 76 | fraction << 64 | _VARIANT << 62 | random
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def unix_ms_of(statement_id: str) -> int:
    """Return the milliseconds since 1970 that a name was made at."""
    return int(statement_id.replace("-", "")[:12], 16)
