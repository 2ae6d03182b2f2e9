"""The page that tells which faults were tried, what became of each, and how long it took to mend."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.kills.kind import Kind

INTRODUCTION = """Made by `make test-faults`: kinds of fault are files in `tests/kills/kinds`, done in a random order,
at random moments, while a night of real alerts runs through the three streams.
After each, all that waited passes every stream, and the equations of the night are computed as its closing does:
nothing lost, nothing sent twice. At the end, tables and topics are compared with those of a run over the same
messages that nobody disturbed."""


@dataclass(frozen=True)
class Row:
    """One fault and what became of it.

    Attributes
    ----------
    kind, what
        Its name, and what was done.
    recovered_s
        Seconds until all that waited had passed every stream; None where it never did.
    unbalanced
        What did not hold of the night's equations then; nothing when all held.
    """

    kind: str
    what: str
    recovered_s: float | None
    unbalanced: str = ""

    @property
    def outcome(self) -> str:
        """In words."""
        if self.recovered_s is None:
            return "**did not get on**"
        return f"**{self.unbalanced}**" if self.unbalanced else "equations hold"


def page(rows: Sequence[Row], kinds: Mapping[str, Kind], seed: int, compared: str, without: Iterable[str]) -> str:
    """Return the page.

    Parameters
    ----------
    rows
        What was done, in order.
    kinds
        Every kind by its name.
    seed
        Of the run: it repeats it.
    compared
        What the comparison with an undisturbed run found, a sentence.
    without
        Kinds that could not be tried here.
    """
    sound = sum(row.recovered_s is not None and not row.unbalanced for row in rows)
    left_out = "".join(f"Not tried, since no disk could be mounted: {name}.\n" for name in without)
    return "\n".join(
        [
            "# Faults that were survived", "",
            INTRODUCTION, "",
            f"{len(rows)} faults, {sound} of them survived, `SEED={seed}`. {compared}", left_out,
            *_by_kind(rows, kinds), "", "## One by one", "",
            "| # | fault | what was done | outcome | s to recover |", "|---|---|---|---|---|",
            *(_line(number, row) for number, row in enumerate(rows, 1)),
        ]
    ) + "\n"  # fmt: skip


def _by_kind(rows: Sequence[Row], kinds: Mapping[str, Kind]) -> list[str]:
    lines = ["| fault | times | survived | s to recover | mended by |", "|---|---|---|---|---|"]
    for name, kind in kinds.items():
        mine = [row for row in rows if row.kind == name]
        took = [row.recovered_s for row in mine if row.recovered_s is not None]
        sound = sum(row.recovered_s is not None and not row.unbalanced for row in mine)
        span = f"{min(took):.0f} to {max(took):.0f}" if took else "-"
        lines.append(f"| {name} | {len(mine)} | {sound} | {span} | {kind.mended_by} |")
    return lines


def _line(number: int, row: Row) -> str:
    took = "-" if row.recovered_s is None else f"{row.recovered_s:.0f}"
    return f"| {number} | {row.kind} | {row.what} | {row.outcome} | {took} |"
