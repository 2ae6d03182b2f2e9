"""What the filters find of objects planted in copies of a night's alerts, and what they take for them.

A shadow: packets are made, science modules and filters run over them in this process, and nothing is written to a
table or sent to a topic.
"""

import datetime as dt
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fink_lib.files import JsonObject
from fink_lib.filters.base import Filter
from fink_lib.filters.evaluate import evaluate
from fink_lib.filters.registry import filters_of, inputs_of
from fink_lib.offline.alerts import Science, alert_tables, batch_of
from fink_lib.offline.packets import Packet
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.planting.shares import share
from fink_lib.science.planting.transients import KINDS, Seen, plant_transients
from fink_lib.science.planting.ztf_packets import planted_packets
from fink_lib.surveys import Survey

Flags = npt.NDArray[np.bool_]

FILE, PICTURE = "completeness.json", "completeness.png"
FORMAT = 1
DONORS = 400
COUNT = 100
MAGS = ((0.0, 17.0), (17.0, 18.0), (18.0, 19.0), (19.0, 20.0), (20.0, 30.0))
AGES_DAYS = ((0.0, 2.0), (2.0, 10.0), (10.0, 30.0), (30.0, 1e4))
SUPERNOVAE = frozenset(kind for kind in KINDS if kind.startswith("SN "))
# What a filter is there to find; whatever else it selects of what is planted is a false alarm.
TARGETS: Mapping[str, frozenset[str]] = {
    "early_sn_candidates": frozenset({"SN Ia"}),
    "fast_riser_candidates": SUPERNOVAE | {"kilonova"},
    "kn_candidates": frozenset({"kilonova"}),
    "microlensing_candidates": frozenset({"microlensing"}),
    "rate_based_kn_candidates": frozenset({"kilonova"}),
    "sn_candidates": SUPERNOVAE,
    "sso_fink_candidates": frozenset({"asteroid"}),
}
STAMPS = ("is_hostless", "hostless_ks_science", "hostless_ks_template")
GALAXY = "mangrove"


@dataclass(frozen=True)
class Shadow:
    """The planted objects of a night, and who selected each.

    Attributes
    ----------
    planted
        Objects.
    selected
        Filter → flags of the objects that it selected.
    real
        Filter → number of the night's own alerts, of those looked at, that it selects.
    looked_at
        Number of these.
    left_out
        Filter → why it is not shown.
    seconds
        What the planted alerts cost, science and filters.
    """

    planted: Sequence[Seen]
    selected: Mapping[str, Flags]
    real: Mapping[str, int]
    looked_at: int
    left_out: Mapping[str, str]
    seconds: float


def shadow(donors: Sequence[Packet], survey: Survey, cache: Path, seed: int, count: int = COUNT) -> Shadow:
    """Plant objects in copies of a night's alerts and run modules and filters over both.

    Parameters
    ----------
    donors
        Alerts of the night.
    survey, cache
        Whose they are; folder of catalogues and models.
    seed
        Of all that is drawn.
    count
        Objects of each class.
    """
    planted = plant_transients(count, seed)
    chosen, left_out = _shown(survey.name)
    start = time.process_time()
    selected, missing = _selected(planted_packets(donors, planted, seed), chosen, survey, cache)
    seconds = time.process_time() - start
    own, _ = _selected(donors, chosen, survey, cache)
    left_out |= missing
    names = [one.name for one in chosen if one.name not in missing]
    return Shadow(
        planted=planted,
        selected={name: selected[name] for name in names},
        real={name: int(own[name].sum()) for name in names},
        looked_at=len(donors),
        left_out=left_out,
        seconds=seconds,
    )


def facts_of(found: Shadow, survey: str, night: dt.date | None, seed: int) -> JsonObject:
    """Return what the report shows: of each filter what it finds by class, brightness and age, and its false alarms.

    Parameters
    ----------
    found
        What `shadow` returned.
    survey
        Its name.
    night
        Night of the donors; None where they are of several.
    seed
        The seed that `shadow` was given.

    Returns
    -------
    For JSON; shares are texts with their intervals, in percent.
    """
    return {
        "format": FORMAT,
        "survey": survey,
        "night": None if night is None else night.isoformat(),
        "seed": seed,
        "planted": len(found.planted),
        "alerts_looked_at": found.looked_at,
        "filters": [_of_filter(name, found) for name in sorted(found.selected)],
        "left_out": dict(sorted(found.left_out.items())),
    }


def _of_filter(name: str, found: Shadow) -> JsonObject:
    kind = np.array([one.kind for one in found.planted], dtype=object)
    flags, wanted = found.selected[name], TARGETS.get(name, frozenset())
    mine = np.isin(kind, list(wanted))
    mag = np.array([one.mag[-1] for one in found.planted])
    age = np.array([one.age_days for one in found.planted])
    return {
        "filter": name,
        "finds": sorted(wanted),
        "found": _share(flags, mine),
        "false_alarms": _share(flags, ~mine) if wanted else "",
        "by_class": {each: _share(flags, kind == each) for each in KINDS},
        "by_mag": dict(_ranges(flags, mine, mag, MAGS)),
        "by_age_days": dict(_ranges(flags, mine, age, AGES_DAYS)),
        "of_the_night": share(found.real[name], found.looked_at),
    }


def _ranges(
    flags: Flags, mine: Flags, values: npt.NDArray[np.float64], bounds: Sequence[tuple[float, float]]
) -> Iterator[tuple[str, str]]:
    for low, high in bounds:
        yield (
            f"{low:g}-{high:g}" if high < bounds[-1][1] else f"{low:g} and more",
            _share(flags, mine & (values >= low) & (values < high)),
        )


def _share(flags: Flags, of: Flags) -> str:
    return share(int((flags & of).sum()), int(of.sum()))


def _shown(survey: str) -> tuple[list[Filter], dict[str, str]]:
    """Return the filters that can be shown, and why others cannot."""
    chosen, left_out = list[Filter](), dict[str, str]()
    for one in filters_of(survey):
        read = inputs_of([one])
        if set(read) & set(STAMPS):
            left_out[one.name] = "it reads stamps, in which nothing is planted"
        elif any(name.startswith(GALAXY) for name in read):
            left_out[one.name] = "it asks for a galaxy of Mangrove, and nothing is planted near one"
        else:
            chosen.append(one)
    return chosen, left_out


def _selected(
    packets: Sequence[Packet], filters: Sequence[Filter], survey: Survey, cache: Path
) -> tuple[dict[str, Flags], dict[str, str]]:
    """Return which packets each filter selects, and the filters whose columns are not there."""
    science = Science(modules_of(survey.name), cache)
    parts: dict[str, list[Any]] = {one.name: [] for one in filters}
    missing: dict[str, str] = {}
    for table in alert_tables(packets, inputs_of(filters), survey, science):
        batch = batch_of(table)
        there = [one for one in filters if all(path in batch for path in one.inputs)]
        for one in filters:
            if one not in there:
                missing[one.name] = "not there: " + ", ".join(path for path in one.inputs if path not in batch)
        names = evaluate(there, batch, table.num_rows).names
        for one in filters:
            parts[one.name].append(np.array([one.name in each for each in names], dtype=bool))
    return {name: np.concatenate(flags) for name, flags in parts.items()}, missing
