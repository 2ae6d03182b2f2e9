"""Small bar charts as inline SVG, written by hand: the nights before this one, and a card's own history."""

from collections.abc import Sequence

from fink_lib.files import JsonObject

WIDTH, HEIGHT, FLOOR = 960, 190, 150
COLOURS = {"silver": "#2f6fab", "rejected": "#c9d6e3", "repeats": "#8d6cab", "quarantine": "#d9822b"}
WIDEST = 64.0
SPARK_WIDTH, SPARK_HEIGHT = 96, 24
NOW = ' class="now"'


def nights_svg(nights: Sequence[JsonObject]) -> str:
    """Draw a stacked bar for each night, the last one being this night."""
    tallest = max((sum(int(night[part]) for part in COLOURS) for night in nights), default=0) or 1
    step = WIDTH / max(len(nights), 1)
    wide = min(WIDEST, step * 0.62)
    parts = [
        _night(night, (at + 0.5) * step, wide, tallest, last=at == len(nights) - 1) for at, night in enumerate(nights)
    ]
    head = f'<svg class="nights" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="alerts of the last nights">'
    floor = f'<line x1="0" x2="{WIDTH}" y1="{FLOOR}" y2="{FLOOR}" class="floor"/>'
    return head + "".join(parts) + floor + "</svg>"


def _night(night: JsonObject, middle: float, wide: float, tallest: int, *, last: bool) -> str:
    drawn, y = [], float(FLOOR)
    for part, colour in COLOURS.items():
        high = (FLOOR - 24) * int(night[part]) / tallest
        if high:
            y -= high
            place = f'x="{middle - wide / 2:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"'
            drawn.append(f'<rect {place} fill="{colour}"/>')
    total = sum(int(night[part]) for part in COLOURS)
    drawn.append(f'<text x="{middle:.1f}" y="{y - 6:.1f}" class="count">{total:,}</text>')
    kind = "date this" if last else "date"
    drawn.append(f'<text x="{middle:.1f}" y="{FLOOR + 18}" class="{kind}">{night["night"]}</text>')
    drawn.append(f'<text x="{middle:.1f}" y="{FLOOR + 34}" class="sent">{night["messages"]:,} sent</text>')
    return "".join(drawn)


def spark_svg(history: Sequence[float | None]) -> str:
    """Draw a card's history as thin bars, the last one dark; nothing where there is one night only."""
    if len(history) < 2:  # noqa: PLR2004 - one night has no history
        return ""
    tallest = max((value or 0.0 for value in history), default=0.0) or 1.0
    step = SPARK_WIDTH / len(history)
    bars = [
        f'<rect x="{at * step:.1f}" y="{SPARK_HEIGHT * (1 - value / tallest):.1f}" width="{step * 0.7:.1f}" '
        f'height="{SPARK_HEIGHT * value / tallest:.1f}"{NOW if at == len(history) - 1 else ""}/>'
        for at, value in enumerate(history)
        if value
    ]
    return f'<svg class="spark" viewBox="0 0 {SPARK_WIDTH} {SPARK_HEIGHT}" aria-hidden="true">{"".join(bars)}</svg>'
