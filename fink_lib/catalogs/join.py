"""The crossmatch of positions with a catalogue of any size: part by part, in one process, without a JVM."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from fink_lib.catalogs.match import FOUND, ROW, SEPARATION, SOURCE_COLUMNS, first_of_each
from fink_lib.catalogs.parts import Part, match_part, parts
from fink_lib.catalogs.placed import Placed, place
from fink_lib.storage import LakePath

Runner = Callable[[Iterable[Part]], Iterable[pa.Table]]


def one_by_one(some: Iterable[Part]) -> Iterable[pa.Table]:
    """Match parts in this process; no more than one is in memory."""
    return map(match_part, some)


@dataclass(frozen=True)
class Positions:
    """Positions that are matched with one catalogue after the other: placed once for each radius.

    Attributes
    ----------
    rows
        Columns that name a position, and ``ra`` and ``dec`` in degrees.
    """

    rows: pa.Table
    _placed: dict[float, Placed] = field(default_factory=dict, repr=False, compare=False)

    def placed(self, radius_arcsec: float) -> Placed:
        """Return the cells that circles of a radius touch."""
        if radius_arcsec not in self._placed:
            ra, dec = (self.rows[name].to_numpy() for name in ("ra", "dec"))
            self._placed[radius_arcsec] = place(ra, dec, radius_arcsec)
        return self._placed[radius_arcsec]


def crossmatch(
    positions: Positions,
    keys: Sequence[str],
    table: LakePath,
    version: int,
    radius_arcsec: float,
    *,
    run: Runner = one_by_one,
) -> pa.Table:
    """Match positions with a catalogue: the nearest source of each within a radius.

    Parameters
    ----------
    positions
        The positions.
    keys
        Columns of the positions to return.
    table
        Folder of the catalogue's table: ``cell`` (of `TABLE_ORDER`), ``ra``, ``dec``, ``source_id``, ``label``.
    version
        Version of the table.
    radius_arcsec
        Radius, inclusive.
    run
        Who matches the parts.

    Returns
    -------
    pa.Table
        Keys, `SOURCE_COLUMNS` and ``separation_arcsec``, in the order of the positions; those without a source are
        not there.

    Raises
    ------
    ValueError
        When the circle is larger than 3.6 degrees.
    """
    return joined(positions, keys, run(parts(table, version, positions.placed(radius_arcsec))))


def joined(positions: Positions, keys: Sequence[str], found: Iterable[pa.Table]) -> pa.Table:
    """Put together what the parts found; of what a position found in several, the nearest stays.

    Parameters
    ----------
    positions
        The positions that were matched.
    keys
        Columns of theirs that the answer has.
    found
        `FOUND` of each part.

    Returns
    -------
    `keys`, `SOURCE_COLUMNS` and the separation in arcsec, one a position that has a source, in the order of
    positions.
    """
    best = first_of_each(pa.concat_tables([FOUND.empty_table(), *found]).combine_chunks())
    near = positions.rows.select(list(keys)).take(best[ROW])
    columns = {name: near[name] for name in keys} | {name: best[name] for name in (*SOURCE_COLUMNS, SEPARATION)}
    return pa.table(columns)
