"""One spelling for the designation of a moving object: surveys write the same asteroid in several ways.

Packed forms are those of the Minor Planet Center, https://www.minorplanetcenter.net/iau/info/PackedDes.html.
"""

import re
import string

CENTURIES = {"I": 18, "J": 19, "K": 20}
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase  # base 62
PACKED = re.compile(r"([IJK])(\d\d)([A-HJ-Y])([0-9A-Za-z])(\d)([A-HJ-Z])")
PACKED_NUMBER = re.compile(r"([A-Za-z])(\d{4})")
FAR_NUMBER = re.compile(r"~([0-9A-Za-z]{4})")
FIRST_FAR = 620_000
PROVISIONAL = re.compile(r"(\d{4}) ?([A-HJ-Y])([A-HJ-Z])(\d*)", re.IGNORECASE)
NUMBER = re.compile(r"\(?0*([1-9]\d*)\)?")


def spelled(name: str | None) -> str | None:
    """Return a designation as the lake spells it: ``219093``, or ``2017 SA109``; None for what names nothing.

    A comet's, a survey's own or any other name stays as it is, without spaces around it. A number and the provisional
    designation of the same asteroid stay two names: which belongs to which is in no packet.
    """
    text = (name or "").strip()
    if text in {"", "0", "null", "None"}:
        return None
    if found := NUMBER.fullmatch(text):
        return found[1]
    if found := PROVISIONAL.fullmatch(text):
        return f"{found[1]} {found[2]}{found[3]}{found[4].lstrip('0')}".upper()
    return _unpacked(text)


def _unpacked(text: str) -> str:
    """Return the long form of a packed designation or number; what is neither as it is."""
    if found := PACKED.fullmatch(text):
        cycle = 10 * DIGITS.index(found[4]) + int(found[5])
        return f"{CENTURIES[found[1]]}{found[2]} {found[3]}{found[6]}{cycle or ''}"
    if found := PACKED_NUMBER.fullmatch(text):
        return str(DIGITS.index(found[1]) * 10_000 + int(found[2]))
    if found := FAR_NUMBER.fullmatch(text):
        places = (DIGITS.index(digit) * len(DIGITS) ** at for at, digit in enumerate(reversed(found[1])))
        return str(FIRST_FAR + sum(places))
    return text
