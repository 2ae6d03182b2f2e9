"""How Rubin numbers sources, and how the Minor Planet Center writes the designations that name moving objects there.

A ``diaSourceId`` holds, from its lowest bit: 19 bits of a counter, 8 of the detector, 15 of the exposure's number in
its night, 15 of the night in days since 2010-01-01, and one bit of the camera's controller, which is set. All 136
packets of schema 10.0 at hand agree with their ``visit`` and ``detector``. A ``ssObjectId`` is the packed provisional
designation as seven ASCII bytes.
"""

import datetime as dt

COUNTER_BITS, DETECTOR_BITS, EXPOSURE_BITS, DAY_BITS = 19, 8, 15, 15
DETECTORS = 189
FIRST_DAY = dt.date(2010, 1, 1)
_CONTROLLER = 1

_HALF_MONTHS = "ABCDEFGHJKLMNOPQRSTUVWXY"  # no I, no Z
_ORDER = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # no I
_BASE_62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CYCLES = 620  # what two characters of a packed designation can count: 61 tens and a digit
_CENTURIES = {18: "I", 19: "J", 20: "K"}
_FIRST_YEAR, _YEARS = 1950, 150
DESIGNATIONS = len(_ORDER) * _CYCLES * len(_HALF_MONTHS) * _YEARS


def source_id(night: dt.date, exposure: int, detector: int, counter: int) -> int:
    """Return the id of a source.

    Parameters
    ----------
    night, exposure
        ``day_obs`` of its visit, and the number of the exposure in it.
    detector, counter
        Where on the focal plane, and which source there.
    """
    day = _CONTROLLER << DAY_BITS | (night - FIRST_DAY).days
    visit = day << EXPOSURE_BITS | exposure
    return (visit << DETECTOR_BITS | detector) << COUNTER_BITS | counter


def parts_of(identity: int) -> tuple[dt.date, int, int, int]:
    """Return night, exposure, detector and counter of a source's id."""
    counter = identity & (1 << COUNTER_BITS) - 1
    detector = identity >> COUNTER_BITS & (1 << DETECTOR_BITS) - 1
    visit = identity >> COUNTER_BITS + DETECTOR_BITS
    day = visit >> EXPOSURE_BITS & (1 << DAY_BITS) - 1
    return FIRST_DAY + dt.timedelta(days=day), visit & (1 << EXPOSURE_BITS) - 1, detector, counter


def visit_of(night: dt.date, exposure: int) -> int:
    """Return the number of a visit: the night as eight digits, then five of the exposure.

    Parameters
    ----------
    night
        ``day_obs`` of the visit.
    exposure
        Number of the exposure in the night.
    """
    return int(f"{night:%Y%m%d}{exposure:05d}")


def designation(number: int) -> tuple[str, str]:
    """Return a provisional designation, unpacked and packed, no two of the first 55,800,000 numbers alike."""
    number, order = divmod(number % DESIGNATIONS, len(_ORDER))
    number, cycle = divmod(number, _CYCLES)
    years, half = divmod(number, len(_HALF_MONTHS))
    year = _FIRST_YEAR + years
    letters = _HALF_MONTHS[half], _ORDER[order]
    count = f"{_BASE_62[cycle // 10]}{cycle % 10}"
    packed = f"{_CENTURIES[year // 100]}{year % 100:02d}{letters[0]}{count}{letters[1]}"
    return f"{year} {''.join(letters)}{cycle or ''}", packed


def moving_id(packed: str) -> int:
    """Return the ``ssObjectId`` of a packed designation."""
    return int.from_bytes(packed.encode(), "big")
