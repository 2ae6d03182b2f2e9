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
    yield from _verdict(books)


def _verdict(books: Mapping[str, Any]) -> Iterator[str]:
    """Yield how the nights stand: their equations are one thing, whether they are closed is another."""
    if books.get("error"):
        yield "NOT EVERY NIGHT IS CLOSED: the problem above says which, and why"
    counted = [night for night in books["nights"] if not _not_counted(night)]
    stopped = [night for night in books["nights"] if night["night"] and not night.get("ok", True)]
    held = [str(night["night"]) for night in stopped if night["equation_holds"] or _not_counted(night)]
    if held:
        yield f"STAYS OPEN, for another reason than its equation: {', '.join(held)}: see the report"
    if not all(night["equation_holds"] for night in counted):
        yield "THE BOOKS DO NOT BALANCE: see the report"
    elif counted:
        yield "the books balance"


def _not_counted(night: Mapping[str, Any]) -> str:
    """Return why a night's equation was not computed; an empty text when it was."""
    return str(night.get("not_computed", {}).get("reconcile", ""))


def list_rows(nights: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what a list of closed nights says of each."""
    return [
        {
            "night": night["night"],
            **{count: night[count] for count in ("offered", "bronze", "quarantine", "silver", "rejected", "repeats")},
            "lost": len(night["lost"]),
            "ok": bool(night["ok"]),
        }
        for night in nights
    ]


def _night(night: Mapping[str, Any]) -> Iterator[str]:
    """Yield a night's equations, its quality and its topics."""
    reason = _not_counted(night)
    stands = f"was not computed ({reason})" if reason else "holds" if night["equation_holds"] else "DOES NOT HOLD"
    yield f"{night['night'] or 'messages of no night'}: the equation {stands}"
    texts = night.get("equations") or [f"{night['offered']} offered, {night['quarantine']} in quarantine"]
    yield from (f"  {text}" for text in texts)
    lost, judged = len(night["lost"]), night["expectations"]
    yield f"  {lost} lost; {judged['passed']} expectations passed, {judged['failed']} failed"
    for name in night.get("critical_failed", ()):
        yield f"  critical expectation failed: {name}"
    for step, why in night.get("not_computed", {}).items():
        if step != "reconcile":
            yield f"  {step} was not computed: {why}"
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
