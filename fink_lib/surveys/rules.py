"""Row rules of an alert, once: the stream splits on them, the nightly suites count by the same names.

They stand here in Spark's words, and in Python for who has one packet in hand; a test holds the two together.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from fink_lib.lake.rules import Rule
from fink_lib.nights import SECONDS_PER_DAY
from fink_lib.surveys.base import Survey, value_at

# The years that `fink_lib.nights` accepts, as days since 1970-01-01.
FIRST_DAY, LAST_DAY = -25567, 84000
# An alert comes after it was observed; a clock may be wrong, but not by more.
LATEST_DAYS = 1.0
MICROSECONDS_PER_DAY = 86_400_000_000
LONGITUDE, LATITUDE = (0.0, 360.0), (-90.0, 90.0)


def row_rules(survey: Survey) -> tuple[Rule, ...]:
    """Return the rules of a survey's alerts, over the identity columns of bronze, the gravest first.

    A right ascension of 360 is that of 0, as a survey writes it that rounds to some decimals.
    """
    days = f"(time + {survey.night.days_to_epoch!r}D)"
    utc_days = f"(time + {survey.night.days_to_epoch - survey.night.offset_h / 24.0!r}D)"
    arrived = f"unix_micros(kafka_time) / {MICROSECONDS_PER_DAY}D"
    return (
        Rule("alert_id", "alert_id IS NOT NULL", "An alert has an id."),
        Rule(
            "object_id",
            # '' is what is extracted of a name that does not match
            "object_id IS NULL OR (is_valid_utf8(object_id) AND object_id <> ''"
            f" AND regexp_extract(object_id, '{survey.fields.object_name}', 0) = object_id)",
            "An object's name, where it has one, is one that the survey gives.",
        ),
        Rule(
            "time",
            f"{days} >= {FIRST_DAY} AND {days} < {LAST_DAY + 1}",
            "The observation time is a number and lies within the years 1900 to 2200.",
        ),
        Rule(
            "not_ahead",
            f"kafka_time IS NULL OR unix_micros(kafka_time) <= 0 OR {utc_days} <= {arrived} + {LATEST_DAYS!r}D",
            "The observation is no more than a day later than Kafka's time of its message.",
        ),
        Rule("ra", "ra >= 0 AND ra <= 360", "Right ascension is a number of degrees in [0, 360]."),
        Rule("dec", "dec >= -90 AND dec <= 90", "Declination is a number of degrees in [-90, 90]."),
    )


def broken_rule(record: Mapping[str, Any], survey: Survey, kafka_unix_s: float | None) -> str | None:
    """Return the name of the first rule that a decoded packet breaks, as `row_rules` has them; None for none.

    Parameters
    ----------
    record, survey
        The packet, and whose it is.
    kafka_unix_s
        Kafka's time of the message, in seconds since 1970-01-01 UTC; None where it has none.
    """
    at = survey.fields
    alert_id, time, ra, dec = (value_at(record, path) for path in (at.alert_id, at.time, at.ra, at.dec))
    text = survey.object_of(record)
    observed = math.nan if time is None else float(time)
    days = observed + survey.night.days_to_epoch
    latest_s = math.inf
    if kafka_unix_s is not None and kafka_unix_s > 0.0:
        latest_s = kafka_unix_s + LATEST_DAYS * SECONDS_PER_DAY
    held = {
        "alert_id": alert_id is not None,
        "object_id": text is None or re.fullmatch(at.object_name, text) is not None,
        "time": FIRST_DAY <= days < LAST_DAY + 1,
        "not_ahead": survey.night.unix_s(observed) <= latest_s,
        "ra": _within(ra, LONGITUDE),
        "dec": _within(dec, LATITUDE),
    }
    return next((rule for rule, holds in held.items() if not holds), None)


def _within(value: float | None, ends: tuple[float, float]) -> bool:
    return value is not None and ends[0] <= value <= ends[1]
