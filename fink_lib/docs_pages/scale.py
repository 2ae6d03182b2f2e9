"""The page on sizing: what a night of any size needs, out of measured figures, by arithmetic that is shown.

``python -m fink_lib.docs_pages.scale`` writes ``docs/scale.md`` out of ``scale.json`` and ``scale_words.md`` beside
this file. Other figures, or other prices, give another page.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fink_lib.config import PROJECT_DIR

FIGURES = Path(__file__).with_name("scale.json")
WORDS = Path(__file__).with_name("scale_words.md")
PAGE = PROJECT_DIR / "docs" / "scale.md"
TB, GB, MB = 1e12, 1e9, 1e6
HOURS_A_MONTH = 730
HEAP_SHARE = 0.7  # of a host's memory that processes may take; the rest is the page cache of files and topics

Figures = Mapping[str, Mapping[str, float | str]]


@dataclass(frozen=True)
class Need:
    """One line of the table.

    Attributes
    ----------
    what, how
        What is needed, and the arithmetic in words.
    amount
        The number with its unit.
    """

    what: str
    amount: str
    how: str


def values(figures: Mapping[str, Figures]) -> dict[str, float]:
    """Return the number of each figure by name, whichever group it stands in."""
    return {name: float(facts["value"]) for group in figures.values() for name, facts in group.items()}


def core_ms(of: Mapping[str, float], rate: str) -> float:
    """Return milliseconds of one core an alert, of a rate measured while all cores were busy: an upper bound.

    Parameters
    ----------
    of
        The figures.
    rate
        Name of the one, alerts per second.
    """
    return 1000 * of["cores"] / of[rate]


def cores(of: Mapping[str, float], per_alert_ms: float) -> int:
    """Return the cores that keep up with the visits, times what is needed to catch up.

    Parameters
    ----------
    of
        The figures.
    per_alert_ms
        Milliseconds of one core that an alert costs in all streams together.
    """
    rate = of["burst_alerts"] / of["visit_s"]
    return math.ceil(rate * of["catch_up"] * per_alert_ms / 1000)


def stream_needs(of: Mapping[str, float]) -> list[Need]:
    """Return what the streams need."""
    chain = core_ms(of, "burst_rate_per_s")
    by_byte = chain * of["packet_bytes"] / of["measured_packet_bytes"]
    rate = of["burst_alerts"] / of["visit_s"]
    most = cores(of, by_byte)
    memory = of["streams_memory_gb"] / of["cores"] * most / HEAP_SHARE
    return [
        Need("rate", f"{rate:.0f} alerts/s", "alerts of a visit over the time to the next"),
        Need("cores, an alert costing what one of ZTF costs", f"{cores(of, chain)}",
             f"rate * {of['catch_up']:.0f} * {chain:.1f} ms"),
        Need("cores, a byte costing what one of ZTF costs", f"{most}",
             f"rate * {of['catch_up']:.0f} * {by_byte:.1f} ms"),
        Need("memory of the streams", f"{memory:.0f} GB",
             f"{of['streams_memory_gb'] / of['cores']:.2f} GB a core, for {most} cores, over {HEAP_SHARE}"),
        Need("closing the night", f"{of['closing_s_per_million'] * of['alerts_a_night'] / 60e6:.0f} min, "
             f"{of['closing_memory_gb']:.1f} GB", "one host, no JVM"),
    ]  # fmt: skip


def data_needs(of: Mapping[str, float]) -> list[Need]:
    """Return what the data need."""
    nightly = of["alerts_a_night"] * (of["bronze_bytes"] + of["silver_bytes"]) / TB
    arriving = of["alerts_a_night"] * of["packet_bytes"] / TB
    leaving = arriving * of["topics_per_alert"]
    mean = arriving * TB / (of["night_hours"] * 3600)
    brokers = (arriving * of["input_days"] + leaving * of["topic_days"]) * of["replicas"]
    return [
        Need("arriving", f"{arriving:.1f} TB a night, {mean / MB:.0f} MB/s", "alerts * bytes of a message"),
        Need("a visit", f"{of['burst_alerts'] * of['packet_bytes'] / GB:.1f} GB",
             "what one burst is; consumers fetch it within seconds"),
        Need("leaving", f"{leaving:.1f} TB a night before compression", "arriving * messages an alert"),
        Need("lake", f"{nightly:.2f} TB a night, {nightly * of['nights_kept']:.0f} TB a year",
             "alerts * (bronze + silver)"),
        Need("disks of brokers", f"{brokers:.0f} TB", "(arriving * days + leaving * days) * copies, uncompressed"),
        Need("network of the brokers together",
             f"{mean * (1 + of['topics_per_alert']) * of['replicas'] * 8 / GB:.1f} Gbit/s",
             "(arriving + leaving) * copies, at the mean rate"),
    ]  # fmt: skip


def money(of: Mapping[str, float]) -> list[Need]:
    """Return what it costs at the unit prices that are stated."""
    most = cores(of, core_ms(of, "burst_rate_per_s") * of["packet_bytes"] / of["measured_packet_bytes"])
    nightly = of["alerts_a_night"] * (of["bronze_bytes"] + of["silver_bytes"]) / TB
    kept = nightly * of["nights_kept"]
    arriving = of["alerts_a_night"] * of["packet_bytes"] / TB
    brokers = arriving * (of["input_days"] + of["topics_per_alert"] * of["topic_days"]) * of["replicas"]
    return [
        Need("cores of the streams", f"{most * HOURS_A_MONTH * of['core_hour']:,.0f} a month",
             f"{most} cores, day and night"),
        Need("lake at the end of the first year", f"{kept * of['store_tb_month']:,.0f} a month",
             "whole; it grows from nothing"),
        Need("disks of brokers", f"{brokers * of['disk_tb_month']:,.0f} a month", "the disks above"),
    ]  # fmt: skip


def figure_table(figures: Figures) -> str:
    """Return figures as a table, Markdown."""
    rows = []
    for name, facts in figures.items():
        value = float(facts["value"])
        shown = f"{value:,.0f}" if value.is_integer() else f"{value:,}"
        told = f"`{facts['command']}`" if "command" in facts else facts.get("source", "")
        rows.append(f"| `{name}` | {shown} {facts['unit']} | {facts.get('of', '')} | {told} |\n")
    return "| figure | value | of | from |\n| --- | --- | --- | --- |\n" + "".join(rows)


def need_table(needs: list[Need]) -> str:
    """Return needs as a table, Markdown."""
    rows = [f"| {need.what} | {need.amount} | {need.how} |\n" for need in needs]
    return "| what | how much | how |\n| --- | --- | --- |\n" + "".join(rows)


def page(figures: Mapping[str, Figures], words: str) -> str:
    """Return the page, Markdown.

    Parameters
    ----------
    figures
        Groups of figures: ``measured``, ``asked``, ``prices``.
    words
        The text, with ``{name}`` where a table goes.
    """
    of = values(figures)
    tables = {f"{{{group}}}": figure_table(facts) for group, facts in figures.items()}
    tables |= {
        "{streams}": need_table(stream_needs(of)),
        "{data}": need_table(data_needs(of)),
        "{money}": need_table(money(of)),
    }
    for mark, table in tables.items():
        words = words.replace(mark, table.rstrip("\n"))
    return words


def write(target: Path = PAGE) -> None:
    """Write the page."""
    target.write_text(page(json.loads(FIGURES.read_text()), WORDS.read_text()))


if __name__ == "__main__":
    write()
