"""The flow picture: what was offered, and where it went; the height of a band is its share of the night."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

WIDTH, TOP = 960, 34
STEP, FOOT = 18.0, 14.0  # px between what goes aside, and below everything
BAR, FULL = 14, 210  # width of a stage's bar and height of the whole night, in px
STAGES_X = {"offered": 40, "bronze": 290, "silver": 560}
TOPICS_X, GAP, LETTER, LEAST_BAND = 740.0, 6.0, 6.6, 60.0  # px: bands end there, or earlier where a name is long
TOPIC_STEP, TOPIC_LEAST = 6.0, 12.0
THINNEST = 2.0  # one alert of a million is still seen
COLOURS = {"good": "#2f6fab", "aside": "#b8860b", "bad": "#c0392b", "sent": "#3b8c5a"}


@dataclass(frozen=True)
class Band:
    """A part of a stage that goes to one place.

    Attributes
    ----------
    label
        Name of the place.
    count
        Alerts.
    kind
        Key of `COLOURS`.
    """

    label: str
    count: int
    kind: str


def height_of(count: int, whole: int) -> float:
    """Return the height of a band in px; nothing has none, anything can be seen.

    Parameters
    ----------
    count
        Alerts of the band.
    whole
        Alerts of the night, of which the height is `FULL`.
    """
    return max(THINNEST, FULL * count / whole) if count and whole else 0.0


def flow_svg(counts: Mapping[str, int], published: Mapping[str, int]) -> str:
    """Draw offered → bronze → silver → topics with what leaves on the way.

    Parameters
    ----------
    counts
        Alerts under ``offered``, ``bronze``, ``quarantine``, ``silver``, ``rejected``, ``repeats`` and
        ``quarantine_enrich``.
    published
        Topic → messages of the night.
    """
    whole = max(counts["offered"], 1)
    lost = counts["offered"] - counts["bronze"] - counts["quarantine"]
    first = [Band("quarantine", counts["quarantine"], "aside"), Band("lost", max(lost, 0), "bad")]
    second = [
        Band("rejected by cuts", counts["rejected"], "aside"),
        Band("repeats", counts["repeats"], "aside"),
        Band("quarantine in enrich", counts["quarantine_enrich"], "aside"),
    ]
    parts = [
        _stage("offered", counts["offered"], whole),
        _stage("bronze", counts["bronze"], whole),
        _stage("silver", counts["silver"], whole),
        _branch("offered", "bronze", counts["bronze"], first, whole),
        _branch("bronze", "silver", counts["silver"], second, whole),
        _topics(counts["silver"], published, whole),
    ]
    lowest = max(
        _depth(counts["bronze"], first, whole),
        _depth(counts["silver"], second, whole),
        sum(_room(count, whole) for count in published.values()),
        FULL / 2,
    )
    size = f"0 0 {WIDTH} {TOP + lowest + FOOT:.0f}"
    head = f'<svg class="flow" viewBox="{size}" role="img" aria-label="flow of the night">'
    return head + "".join(parts) + "</svg>"


def _depth(onward: int, aside: list[Band], whole: int) -> float:
    """Return how far down what goes on and what goes aside reach together, in px below the top."""
    bands = [height_of(band.count, whole) + STEP for band in aside if band.count]
    return height_of(onward, whole) + sum(bands)


def _stage(name: str, count: int, whole: int) -> str:
    x, height = STAGES_X[name], height_of(count, whole)
    bar = f'<rect x="{x}" y="{TOP}" width="{BAR}" height="{height:.1f}" rx="2" fill="#1f2933"/>'
    return bar + _text(x, TOP - 14, f"{name} {count:,}", "stage")


def _branch(start: str, end: str, onward: int, aside: list[Band], whole: int) -> str:
    """Draw what goes on to the next stage, and below it what goes aside."""
    left, right = STAGES_X[start] + BAR, STAGES_X[end]
    thick = height_of(onward, whole)
    drawn = [_ribbon((left, TOP), (right, TOP), thick, "good")] if onward else []
    y, low = TOP + thick, TOP + thick + STEP
    middle = left + (right - left) * 0.5
    for band in aside:
        thin = height_of(band.count, whole)
        if not band.count:
            continue
        drawn.append(_ribbon((left, y), (middle, low), thin, band.kind))
        drawn.append(_text(middle + 6, low + thin / 2 + 4, f"{band.label} {band.count:,}", band.kind))
        y, low = y + thin, low + thin + STEP
    return "".join(drawn)


def _topics(silver: int, published: Mapping[str, int], whole: int) -> str:
    """Draw a band a topic; an alert may leave on several, so bands overlap where they start."""
    left = STAGES_X["silver"] + BAR
    right = _bands_end(published, left)
    limit = height_of(silver, whole)
    drawn, y = [_text(right, TOP - 14, f"topics {sum(published.values()):,}", "stage")], float(TOP)
    for topic, count in sorted(published.items(), key=lambda pair: (-pair[1], pair[0])):
        thick = height_of(count, whole)
        start = min(y, TOP + max(limit - thick, 0.0))
        if count:
            drawn.append(_ribbon((left, start), (right, y), thick, "sent"))
        drawn.append(_text(right + GAP, y + max(thick, 10) / 2 + 3, f"{topic} {count:,}", "topic"))
        y += _room(count, whole)
    return "".join(drawn)


def _room(count: int, whole: int) -> float:
    """Return how far below a topic the next one begins, in px."""
    return max(height_of(count, whole), TOPIC_LEAST) + TOPIC_STEP


def _bands_end(published: Mapping[str, int], left: float) -> float:
    """Return where the bands of topics end, so that the longest name fits into the picture beside its count."""
    longest = max((len(f"{topic} {count:,}") for topic, count in published.items()), default=0)
    return max(left + LEAST_BAND, min(TOPICS_X, WIDTH - GAP - LETTER * longest))


def _ribbon(start: tuple[float, float], end: tuple[float, float], thick: float, kind: str) -> str:
    (x0, y0), (x1, y1) = start, end
    bend = (x0 + x1) / 2
    path = (
        f"M{x0:.1f},{y0:.1f} C{bend:.1f},{y0:.1f} {bend:.1f},{y1:.1f} {x1:.1f},{y1:.1f} "
        f"v{thick:.1f} C{bend:.1f},{y1 + thick:.1f} {bend:.1f},{y0 + thick:.1f} {x0:.1f},{y0 + thick:.1f} Z"
    )
    return f'<path d="{path}" fill="{COLOURS[kind]}" fill-opacity="0.45"/>'


def _text(x: float, y: float, words: str, kind: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(words)}</text>'
