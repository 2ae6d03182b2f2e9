"""The books of nights on a terminal: each night's equations, what left on which topic, and where to look further."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fink_lib.config import Settings


def book_lines(settings: Settings, books: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that `fink night` ends with."""
    for night in books["nights"]:
        yield from _night(night)
        if night["night"]:
            folder = settings.night_dir(night["survey"], str(night["night"]))
            yield f"  report    {folder / 'report.html'}"
            yield f"  manifest  {folder / 'manifest.json'}"
    for problem in filter(None, [books.get("error"), *books.get("dead_streams", ())]):
        yield f"PROBLEM   {problem}"
    yield "the books balance" if books["ok"] else "THE BOOKS DO NOT BALANCE: see the report"


def list_rows(nights: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what a list of closed nights says of each."""
    return [
        {
            "night": night["night"],
            **{count: night[count] for count in ("offered", "bronze", "quarantine", "silver", "rejected", "repeats")},
            "lost": len(night["lost"]),
            "ok": "yes" if night["ok"] else "NO",
        }
        for night in nights
    ]


def _night(night: Mapping[str, Any]) -> Iterator[str]:
    """Yield a night's equations, its quality and its topics."""
    stands = "holds" if night["equation_holds"] else "DOES NOT HOLD"
    yield f"{night['night'] or 'messages of no night'}: the equation {stands}"
    texts = night.get("equations") or [f"{night['offered']} offered, {night['quarantine']} in quarantine"]
    yield from (f"  {text}" for text in texts)
    lost, judged = len(night["lost"]), night["expectations"]
    yield f"  {lost} lost; {judged['passed']} expectations passed, {judged['failed']} failed"
    for name in night.get("critical_failed", ()):
        yield f"  critical: {name}"
    yield from _topics(night["published"])


def _topics(published: Mapping[str, int]) -> Iterator[str]:
    """Yield topics by how much they got; those that got nothing are counted together."""
    silent = sum(not count for count in published.values())
    widest = max(map(len, published), default=0)
    for topic, count in sorted(published.items(), key=lambda item: (-item[1], item[0])):
        if count:
            yield f"  {topic:<{widest}}  {count:>6}"
    if silent:
        yield f"  {silent} topic{'s' * (silent > 1)} got no alert"
