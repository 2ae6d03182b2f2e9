"""Which faults are planted in which night, and which nights are judged side by side."""

import datetime as dt
from collections.abc import Mapping
from itertools import islice

from tests.builders.lake import (
    DRIFT,
    MATCH_PLANTS,
    Fault,
    both,
    drift_faults,
    match_faults,
    night_faults,
    record_faults,
)
from tests.builders.nights import PLANTS
from tests.builders.records import FAULTS

Round = Mapping[dt.date, Fault]  # night → what is planted in it

EARLY, BETWEEN, LATE = dt.date(2018, 11, 29), dt.date(2021, 11, 22), dt.date(2023, 10, 18)
STREAMED = [(table, plant) for table, plants in PLANTS.items() for plant in plants]
RECORDED = [(suite, name) for suite, faults in FAULTS.items() for name in faults]


def all_faults() -> list[Round]:
    """Return all of them in one night: of the streams, of matches, of drift, and of the records before it."""
    faults = night_faults(STREAMED), match_faults(MATCH_PLANTS), drift_faults(list(DRIFT)), record_faults(RECORDED)
    return [{EARLY: both(*faults)}]


def each_fault() -> list[Round]:
    """Return each alone; records are shared by all nights, so that their faults have a round of their own."""
    in_night = iter([*(night_faults([one]) for one in STREAMED), *(match_faults([one]) for one in MATCH_PLANTS)])
    rounds: list[Round] = []
    while two := list(islice(in_night, 2)):
        rounds.append(dict(zip((EARLY, BETWEEN), two, strict=False)))
    rounds += [{LATE: drift_faults([kind])} for kind in DRIFT]
    return rounds + [{BETWEEN: record_faults([one])} for one in RECORDED]
