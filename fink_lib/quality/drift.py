"""Is this night like the nights before it? Pure: summaries in, measures with their limits out.

A measure is one number and the range that it may lie in. What a small night may show by chance is allowed for; with
too few nights before there is nothing to compare with, and nothing is measured.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from fink_lib.nightly.report.compare import shares, usual, usual_shares, usual_yields, value_of
from fink_lib.nightly.statistics.summary import CLASS, OTHER, OUTSIDE, SCORE, Summary
from fink_lib.quality.rules import Severity

MIN_NIGHTS = 3
ENOUGH_ALERTS = 100  # below, a thin night, a share, one class or a column without a value can be chance

COUNT_RANGE = (0.1, 5.0)  # of the usual number: bad weather thins a night out, it does not multiply it
SHARE_STEP = 0.25  # of the alerts
MIX_DISTANCE = 0.30  # total variation
SCORE_DISTANCE = 0.20  # Kolmogorov-Smirnov
NULL_STEP = 0.20
NAMED_AT_MOST = 10  # columns that differ, in one sentence
NEW_SHARE = 0.01  # of the alerts may be of classes that no night before had
OUTSIDE_STEP = 0.01  # of a column's values may lie outside of [0, 1] where usually fewer do
ALL, MOST, HALF = 0.999, 0.95, 0.5
EXPECTED_MESSAGES = 10.0  # a filter that should have sent so many and sent none has stopped
EXPLOSION = 10.0  # times its usual yield
FLOOR_MESSAGES = 1.0  # what is usual of a filter that usually sends nothing, where its explosion is measured
FEW_MESSAGES = 20.0  # a filter that sends no more has not exploded, however rare it is
NOISE_FACTOR = 1.63  # two-sample KS distance that chance exceeds in 1 % of all cases (Smirnov 1948)


@dataclass(frozen=True)
class Measure:
    """One number of a night beside what is usual.

    Attributes
    ----------
    name
        Kind and subject, for example ``null_share.vsx``.
    severity, meaning
        How bad it is outside of its limits, and what it then means.
    value
        What was found.
    at_least, at_most
        Its limits; None where there is none.
    """

    name: str
    severity: Severity
    meaning: str
    value: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """True within the limits."""
        above = self.at_least is None or self.value >= self.at_least
        return above and (self.at_most is None or self.value <= self.at_most)


def measure(now: Summary, trailing: Sequence[Summary]) -> list[Measure]:
    """Return every measure of a night, counts first.

    Parameters
    ----------
    now
        Measure → name → value, of the night.
    trailing
        The same of the nights before; fewer than `MIN_NIGHTS` give no measure.
    """
    if len(trailing) < MIN_NIGHTS:
        return []
    content = _content(now, trailing) if _has_enough(now, trailing) else ()
    return [*_counts(now, trailing), *content, *_filters(now, trailing)]


def _has_enough(now: Summary, trailing: Sequence[Summary]) -> bool:
    """Tell whether shares can be compared: a few alerts are those of one visit, all asteroids say, and not a sample."""
    past, here = ([value_of(one, "count", "silver") or 0.0 for one in nights] for nights in (trailing, [now]))
    return min(median(past), *here) >= ENOUGH_ALERTS


def _content(now: Summary, trailing: Sequence[Summary]) -> Iterator[Measure]:
    yield from _bands(now, trailing)
    yield from _classes(now, trailing)
    yield from _new_classes(now, trailing)
    yield from _scores(now, trailing)
    yield from _outside(now, trailing)
    yield from _nulls(now, trailing)


def total_variation(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return half the summed difference of two distributions given as shares: 0 equal, 1 disjoint.

    Parameters
    ----------
    one, other
        Name → share (0 to 1); a name that one lacks counts 0 there.
    """
    return sum(abs(one.get(name, 0.0) - other.get(name, 0.0)) for name in {*one, *other}) / 2


def kolmogorov_smirnov(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return the largest difference of two cumulative distributions over the same bins, named by their lower edge.

    Parameters
    ----------
    one, other
        Lower edge of a bin, as text → counts or shares, whose sums may differ.

    Returns
    -------
    0 (equal) to 1; 0 too where one of them is empty.
    """
    gap, left, right = 0.0, 0.0, 0.0
    total_one, total_other = sum(one.values()), sum(other.values())
    if not total_one or not total_other:
        return 0.0
    for edge in sorted({*one, *other}, key=float):
        left += one.get(edge, 0.0) / total_one
        right += other.get(edge, 0.0) / total_other
        gap = max(gap, abs(left - right))
    return gap


def chance(first: float, second: float) -> float:
    """Return the KS distance of two samples of these sizes that is exceeded by chance in 1 % of all cases.

    Parameters
    ----------
    first, second
        How many values each sample has; 1 is returned where one has none.
    """
    return NOISE_FACTOR * math.sqrt((first + second) / (first * second)) if first and second else 1.0


def share_noise(share: float, of: float) -> float:
    """Return two standard errors of a share; one more of either kind counts as seen, so that no share is certain.

    Parameters
    ----------
    share
        What is usual, 0 to 1.
    of
        Of how many it is found.
    """
    likely = (share * of + 1.0) / (of + 2.0)
    return 2.0 * math.sqrt(likely * (1.0 - likely) / max(of, 1.0))


def _counts(now: Summary, trailing: Sequence[Summary]) -> Iterator[Measure]:
    kept, typical = value_of(now, "count", "bronze") or 0.0, usual(trailing, "count", "bronze")
    if typical is not None and typical >= ENOUGH_ALERTS:
        meaning = f"The number of alerts lies between a tenth and five times the usual {typical:,.0f}."
        yield Measure("alerts", "warning", meaning, kept / typical, *COUNT_RANGE)
    for name in ("rejected", "quarantine", "repeats"):
        past = [_share(one, name) for one in trailing]
        limit = min(1.0, SHARE_STEP + share_noise(median(past), _messages(now)))
        meaning = f"The share of {name} is within {limit:.0%} of the usual {median(past):.1%}."
        yield Measure(f"{name}_share", "warning", meaning, abs(_share(now, name) - median(past)), at_most=limit)


def _share(summary: Summary, name: str) -> float:
    whole = _messages(summary)
    return (value_of(summary, "count", name) or 0.0) / whole if whole else 0.0


def _messages(summary: Summary) -> float:
    return (value_of(summary, "count", "bronze") or 0.0) + (value_of(summary, "count", "quarantine") or 0.0)


def _bands(now: Summary, trailing: Sequence[Summary]) -> Iterator[Measure]:
    """Compare the bands: which of them a night has is for the weather and the programme to say, hence an info."""
    seen, before = shares(now, "silver_band"), usual_shares(trailing, "silver_band")
    if seen and before:
        limit = min(1.0, MIX_DISTANCE + math.sqrt(len(before) / sum(now["silver_band"].values())) / 2)
        meaning = "The bands are mixed as usual (total variation distance)."
        yield Measure("band_mix", "info", meaning, total_variation(seen, before), at_most=limit)


def _new_classes(now: Summary, trailing: Sequence[Summary]) -> Iterator[Measure]:
    """Measure which share of the alerts is of a class that no night before had: a catalogue or a model is new."""
    for name in sorted(one for one in now if one.startswith(CLASS)):
        known = {label for past in trailing for label in past.get(name, {})}
        alerts = sum(now[name].values())
        if not known or alerts < ENOUGH_ALERTS:
            continue
        column = name.removeprefix(CLASS)
        meaning = f"At most {NEW_SHARE:.0%} of the alerts have a class of {column} that no night before had."
        new = sum(count for label, count in now[name].items() if label not in {*known, OTHER})
        yield Measure(f"new_class.{column}", "info", meaning, new / alerts, at_most=NEW_SHARE)


def _outside(now: Summary, trailing: Sequence[Summary]) -> Iterator[Measure]:
    """Measure which share of a score's values lies outside of [0, 1], where its histogram does not see them."""
    for column in sorted(now.get(OUTSIDE, {})):
        past = [share for share in (_outside_share(one, column) for one in trailing) if share is not None]
        share = _outside_share(now, column)
        if share is not None and past:
            meaning = f"Column {column} lies outside of 0 to 1 as often as usual, {median(past):.1%}, or less often."
            yield Measure(f"outside.{column}", "info", meaning, share, at_most=median(past) + OUTSIDE_STEP)


def _outside_share(summary: Summary, column: str) -> float | None:
    outside = summary.get(OUTSIDE, {}).get(column)
    if outside is None:
        return None
    values = outside + sum(summary.get(f"{SCORE}{column}", {}).values())
    return outside / values if values else None


def _classes(now: Summary, trailing: Sequence[Summary]) -> Iterator[Measure]:
    for name in sorted(one for one in now if one.startswith(CLASS)):
        seen, before = shares(now, name), usual_shares(trailing, name)
        alerts = sum(now[name].values())
        if not seen or not before:
            continue
        column = name.removeprefix(CLASS)
        limit = min(1.0, MIX_DISTANCE + math.sqrt(len(before) / alerts) / 2)
        meaning = f"The classes of {column} are mixed as usual (total variation distance)."
        yield Measure(f"class_mix.{column}", "warning", meaning, total_variation(seen, before), at_most=limit)
        if max(before.values()) < MOST and alerts >= ENOUGH_ALERTS:
            meaning = f"Column {column} does not put every alert in one class, as it never did."
            yield Measure(f"one_class.{column}", "critical", meaning, max(seen.values()), at_most=ALL)


def _scores(now: Summary, trailing: Sequence[Summary]) -> Iterator[Measure]:
    for name in sorted(one for one in now if one.startswith(SCORE)):
        before: dict[str, float] = {}
        for past in trailing:
            for edge, count in past.get(name, {}).items():
                before[edge] = before.get(edge, 0.0) + count
        if now[name] and before:
            limit = min(1.0, SCORE_DISTANCE + chance(sum(now[name].values()), sum(before.values())))
            column = name.removeprefix(SCORE)
            meaning = f"The scores {column} are distributed as usual (Kolmogorov-Smirnov distance)."
            yield Measure(f"score.{column}", "warning", meaning, kolmogorov_smirnov(now[name], before), at_most=limit)


def _nulls(now: Summary, trailing: Sequence[Summary]) -> Iterator[Measure]:
    """Compare the nulls of our own columns one by one, and those of the packet, which are hundreds, together."""
    alerts = value_of(now, "count", "silver") or 0.0
    limit = NULL_STEP + (1 / math.sqrt(alerts) if alerts else 1.0)
    packet: list[Nulls] = []
    for column, share in sorted(now.get("null_share", {}).items()):
        typical = usual(trailing, "null_share", column)
        if typical is None:
            continue
        if "." in column:
            packet.append(Nulls(column, share, typical))
            continue
        meaning = f"Column {column} is null as often as usual, {typical:.1%}, give or take {NULL_STEP:.0%}."
        yield Measure(f"null_share.{column}", "warning", meaning, abs(share - typical), at_most=limit)
        if typical < HALF and alerts >= ENOUGH_ALERTS:
            meaning = f"Column {column} has values, as it always had."
            yield Measure(f"gone.{column}", "critical", meaning, share, at_most=ALL)
    if packet:
        odd = [one for one in packet if abs(one.share - one.usual) > limit]
        meaning = f"Each of {len(packet)} packet fields is null as often as usual, give or take {NULL_STEP:.0%}"
        yield Measure("packet_nulls", "info", f"{meaning}{_named(odd)}.", float(len(odd)), at_most=0.0)
        gone = [one for one in packet if one.usual < HALF and one.share > ALL and alerts >= ENOUGH_ALERTS]
        meaning = "Packet fields that always had values have some"
        yield Measure("packet_gone", "warning", f"{meaning}{_named(gone)}.", float(len(gone)), at_most=0.0)


@dataclass(frozen=True)
class Nulls:
    """A column's share of nulls in the night, and what is usual."""

    column: str
    share: float
    usual: float


def _named(columns: Sequence[Nulls]) -> str:
    """Name the columns that differ, the first of them with their shares."""
    if not columns:
        return ""
    told = ", ".join(f"{one.column} ({one.share:.0%}, usually {one.usual:.0%})" for one in columns[:NAMED_AT_MOST])
    more = len(columns) - NAMED_AT_MOST
    return f"; not so: {told}" + (f" and {more} more" if more > 0 else "")


def _filters(now: Summary, trailing: Sequence[Summary]) -> Iterator[Measure]:
    alerts = value_of(now, "count", "silver") or 0.0
    for name, typical in sorted(usual_yields(trailing).items()):
        sent = now.get("filter", {}).get(name)
        expected = typical * alerts
        if sent is None:
            continue
        if expected >= EXPECTED_MESSAGES:
            meaning = f"Filter {name} sent something: {expected:,.0f} messages would be usual."
            yield Measure(f"silent.{name}", "warning", meaning, sent, at_least=1.0)
        limit = max(FEW_MESSAGES, EXPLOSION * max(expected, FLOOR_MESSAGES))
        meaning = f"Filter {name} sent at most {limit:,.0f} messages; {expected:,.1f} would be usual."
        yield Measure(f"explosion.{name}", "warning", meaning, sent, at_most=limit)
