"""A night beside the nights before it. Pure: summaries in, what the report shows out."""

import datetime as dt
from collections.abc import Mapping, Sequence
from statistics import median

from fink_lib.files import JsonObject
from fink_lib.nightly.statistics.summary import CLASS, VERSION, Summary

# Card → measure and name of the number that it shows; None adds all names of the measure up
CARDS: Mapping[str, tuple[str, str | None]] = {
    "alerts kept": ("count", "bronze"),
    "with science": ("count", "silver"),
    "objects": ("count", "objects"),
    "exposures": ("count", "exposures"),
    "fields": ("count", "fields"),
    "known asteroids": ("flag", "sso_known"),
    "first detections": ("flag", "first_detection"),
    "messages sent": ("filter", None),
}
BARS = ("silver", "rejected", "repeats", "quarantine")


def value_of(summary: Summary, measure: str, name: str | None) -> float | None:
    """Return one number of a summary, None where the night has no such measure.

    Parameters
    ----------
    summary
        Measure → name → value, of one night.
    measure
        Which.
    name
        Which of its names; None adds them up. One that is not there gives None.
    """
    found = summary.get(measure)
    if not found:
        return None
    return sum(found.values()) if name is None else found.get(name)


def usual(trailing: Sequence[Summary], measure: str, name: str | None) -> float | None:
    """Return the median of a number over the nights that have it.

    Parameters
    ----------
    trailing
        Summaries of the nights before.
    measure, name
        Those of `value_of`.

    Returns
    -------
    None where no night has it.
    """
    values = [value for value in (value_of(one, measure, name) for one in trailing) if value is not None]
    return float(median(values)) if values else None


def shares(summary: Summary, measure: str) -> dict[str, float]:
    """Return each name's share of a measure.

    Parameters
    ----------
    summary
        Measure → name → value, of one night.
    measure
        Which; the shares of its names add up to 1.

    Returns
    -------
    Nothing where the night lacks the measure, or where it is 0 in all.
    """
    found = summary.get(measure, {})
    total = sum(found.values())
    return {name: value / total for name, value in found.items()} if total else {}


def usual_shares(trailing: Sequence[Summary], measure: str) -> dict[str, float]:
    """Return the median share of each name over the nights that have the measure; a name not seen counts as 0.

    Parameters
    ----------
    trailing
        Summaries of the nights before.
    measure
        Which.
    """
    nights = [share for share in (shares(one, measure) for one in trailing) if share]
    names = sorted({name for share in nights for name in share})
    return {name: float(median(share.get(name, 0.0) for share in nights)) for name in names}


def yields(summary: Summary) -> dict[str, float]:
    """Return the messages of each filter as a share of the alerts of silver."""
    silver = value_of(summary, "count", "silver") or 0.0
    return {name: sent / silver for name, sent in summary.get("filter", {}).items()} if silver else {}


def usual_yields(trailing: Sequence[Summary]) -> dict[str, float]:
    """Return the median yield of each filter over the nights in which it ran."""
    nights = [found for found in (yields(one) for one in trailing) if found]
    names = sorted({name for found in nights for name in found})
    return {name: float(median(found[name] for found in nights if name in found)) for name in names}


def compare(night: dt.date, now: Summary, trailing: Mapping[dt.date, Summary]) -> JsonObject:
    """Return cards with their usual values, a bar for each night, and usual shares of classes and filters.

    Parameters
    ----------
    night
        The night that is shown.
    now
        Its summary.
    trailing
        Nights before it, the earliest first; none leaves out what is usual.
    """
    before = list(trailing.values())
    every = {**trailing, night: now}
    return {
        "nights": [_bar(date, one) for date, one in every.items()],
        "cards": [_card(label, place, every, before) for label, place in CARDS.items()],
        "class_shares": {
            measure.removeprefix(CLASS): usual_shares(before, measure) for measure in now if measure.startswith(CLASS)
        },
        "filter_yields": {name: {"yield": value} for name, value in yields(now).items()}
        | {name: {"yield": yields(now).get(name, 0.0), "usual": value} for name, value in usual_yields(before).items()},
    }


def _bar(date: dt.date, one: Summary) -> JsonObject:
    counts = {name: int(value_of(one, "count", name) or 0) for name in BARS}
    return {"night": date.isoformat(), **counts, "messages": int(value_of(one, "filter", None) or 0)}


def _card(
    label: str, place: tuple[str, str | None], every: Mapping[dt.date, Summary], before: Sequence[Summary]
) -> JsonObject:
    history = [value_of(one, *place) for one in every.values()]
    return {"label": label, "value": history[-1], "usual": usual(before, *place), "history": history}


def changes(previous: Summary | None, now: Summary) -> list[JsonObject]:
    """Return what made this night differently from the one before: versions that came, went or were exchanged.

    A version counts when it is there, whether or not it sent or made anything. None: there is no night before.

    Parameters
    ----------
    previous
        Summary of the night before; None where there is none.
    now
        Summary of this night.
    """
    if previous is None:
        return []
    names = {name for one in (previous, now) for name in one if name.startswith(VERSION)}
    pairs = [(name, sorted(previous.get(name, {})), sorted(now.get(name, {}))) for name in sorted(names)]
    return [_change(name.removeprefix(VERSION), old, new) for name, old, new in pairs if old != new]


def catalog_changes(matched: JsonObject | None) -> list[JsonObject]:
    """Return the catalogues that a night was matched with in another version than the night before, as `changes` does.

    Parameters
    ----------
    matched
        Result of the crossmatch: ``previous`` holds the versions of the night before it, None where there is none.
    """
    if not matched or matched.get("previous") is None:
        return []
    before, now = matched["previous"], {one["catalog"]: one["catalog_version"] for one in matched["catalogs"]}
    told = [
        (name, [f"version {before[name]}"] if name in before else [], [f"version {now[name]}"] if name in now else [])
        for name in sorted({*before, *now})
    ]
    return [_change(f"matched with {name}", old, new) for name, old, new in told if old != new]


def _change(what: str, old: Sequence[str], new: Sequence[str]) -> JsonObject:
    kind = "new" if not old else "gone" if not new else "changed"
    return {"what": what, "kind": kind, "before": list(old), "after": list(new)}
