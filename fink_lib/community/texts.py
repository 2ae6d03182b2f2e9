"""Text that people write: kept as text, without what could command a terminal, turn a line around, or fill a disk."""

import math
import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

LONGEST_NAME, LONGEST_LINE, LONGEST_TEXT = 64, 512, 20_000
MOST_BODY_BYTES, MOST_CONTENT_BYTES = 64 * 1024, 8 * 1024 * 1024
DEEPEST, MOST_ITEMS = 8, 10_000
LARGEST_INTEGER = 2**63 - 1
# Marks that turn the direction of what follows: a name can be made to read as another one (Unicode TR 36)
TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def sound_text(text: str, longest: int = LONGEST_TEXT, *, lines: bool = True) -> str:
    """Return a text as it is kept: in Unicode's composed form (NFC), without blanks around it.

    Parameters
    ----------
    text
        What somebody wrote.
    longest
        Most characters.
    lines
        Whether it may have several lines, and tabs.

    Raises
    ------
    ValueError
        When it is too long, or has characters that are no text.
    """
    found = unicodedata.normalize("NFC", text).strip()
    if len(found) > longest:
        raise ValueError(f"it has {len(found)} characters, of at most {longest}")
    allowed = "\n\t" if lines else ""
    for sign in found:
        category = unicodedata.category(sign)
        if sign in TURNS or (category in {"Cc", "Cs", "Co", "Zl", "Zp"} and sign not in allowed):
            raise ValueError(f"it has the character U+{ord(sign):04X}, which is no text")
    return found


def sound_address(text: str) -> str:
    """Return an address of the web.

    Raises
    ------
    ValueError
        When it is none: a page links it, and a browser would run what begins with ``javascript:``.
    """
    found = sound_text(text, LONGEST_LINE, lines=False)
    parts = urlsplit(found)
    if parts.scheme not in {"http", "https"} or not parts.netloc or any(sign.isspace() for sign in found):
        raise ValueError("give an address that begins with http:// or https://")
    return found


def sound_facts(value: Any, depth: int = 0) -> Any:
    """Return facts that JSON can hold, every text in them sound.

    Parameters
    ----------
    value
        Facts as they were parsed; keys that are no texts become texts.
    depth
        Levels above them; 0 for the whole.

    Raises
    ------
    ValueError
        When they are nested too deeply, have too many parts, or a number that JSON or a table cannot hold.
    """
    if depth > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} levels deep")
    if isinstance(value, str):
        return sound_text(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise ValueError("it has an integer of more than 64 bits")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("it has a number that is not finite")
        return value
    if isinstance(value, Mapping) and len(value) <= MOST_ITEMS:
        return {sound_text(str(key), LONGEST_LINE, lines=False): sound_facts(each, depth + 1)
                for key, each in value.items()}  # fmt: skip
    if isinstance(value, list | tuple) and len(value) <= MOST_ITEMS:
        return [sound_facts(each, depth + 1) for each in value]
    raise ValueError(f"it has a part that cannot be kept: {type(value).__name__} of {MOST_ITEMS} items at most")
