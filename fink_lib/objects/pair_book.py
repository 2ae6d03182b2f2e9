"""The table of pairs, made anew where objects changed: what stands there is what making all of it anew would give.

Each commit to a table of objects tells the cells of the sky in which others may be concerned. The table of pairs notes
which version of each it was made of; what was committed since is made anew, whichever survey's night it was. So an old
object gets its partner when the partner appears.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from fink_lib.catalogs.cells import TABLE_ORDER, neighbours
from fink_lib.errors import ConfigError
from fink_lib.lake.delta import folder_of
from fink_lib.lake.log import entry
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.sky_sorted import CELL, Exchange, Flags, Piece, SkySorted, opened
from fink_lib.lake.small import until_committed
from fink_lib.lake.tables import gold_moving_objects, gold_object_pairs, gold_objects
from fink_lib.objects.merge import CELLS
from fink_lib.objects.near import MOST_RADIUS_ARCSEC, WORK_ORDER, Ints
from fink_lib.objects.pairs import (
    COLUMNS,
    NO_CELL,
    PAIRS,
    RULE,
    Side,
    designation_pairs,
    position_pairs,
    same_survey_pairs,
    static,
)
from fink_lib.storage import LakePath
from fink_lib.surveys import SURVEYS

logger = logging.getLogger(__name__)

SHIFT = 2 * (TABLE_ORDER - WORK_ORDER)
CELLS_AT_ONCE = 64


@dataclass(frozen=True)
class Paired:
    """What an update did.

    Attributes
    ----------
    cells
        Cells of the sky that were made anew.
    pairs
        Pairs in them now, those by designation among them.
    """

    cells: int
    pairs: int


@dataclass(frozen=True)
class PairBook:
    """The pairs of a lake.

    Attributes
    ----------
    lake
        Where the tables are.
    radius_arcsec
        Radius within which objects of two surveys are paired.
    """

    lake: LakePath
    radius_arcsec: float

    def __post_init__(self) -> None:
        """Refuse a radius that nothing is prepared for."""
        if not 0.0 < self.radius_arcsec <= MOST_RADIUS_ARCSEC:
            raise ConfigError(
                f"FINK_PAIR_RADIUS_ARCSEC={self.radius_arcsec}: pairs are looked for within "
                f"{MOST_RADIUS_ARCSEC:g} arcsec at the most"
            )

    def update(self) -> Paired:
        """Make anew what changed in the tables of objects since the last update."""
        return until_committed(gold_object_pairs(), self._update)

    def _update(self) -> Paired:
        table = SkySorted(gold_object_pairs(), self.lake)
        objects = {name: found for name in sorted(SURVEYS) if (found := opened(gold_objects(name), self.lake))}
        moving = {name: found for name in sorted(SURVEYS) if (found := opened(gold_moving_objects(name), self.lake))}
        noted = {self._note(found): int(found.version()) for found in (*objects.values(), *moving.values())}
        cells = self._changed(table, list(objects.values()))
        if all(table.noted(name) == version for name, version in noted.items()):
            return Paired(0, 0)
        rows = pa.concat_tables([PAIRS.empty_table(), *self._of_names(moving), *self._of_places(objects, cells)])
        table.exchange(Exchange(rows, lambda piece: _in_cells(table, piece, cells)), {"rule": RULE}, noted)
        logger.info("pairs cells=%d pairs=%d", len(cells), rows.num_rows)
        return Paired(len(cells), rows.num_rows)

    def _note(self, table: DeltaTable) -> str:
        """Return under which name the version of a table is noted: with another rule or radius all is made anew."""
        return f"{folder_of(table).name} {RULE} {self.radius_arcsec:g}"

    def _changed(self, pairs: SkySorted, objects: Sequence[DeltaTable]) -> Ints:
        """Return the cells in which objects changed, ascending; all where it is not told."""
        found: set[int] = set()
        for table in objects:
            told = _told(table, pairs.noted(self._note(table)))
            if told is None:
                return _all_cells(objects, pairs)
            found |= told
        return np.array(sorted(found), dtype=np.int64)

    def _of_places(self, objects: dict[str, DeltaTable], cells: Ints) -> Iterator[pa.Table]:
        for start in range(0, len(cells), CELLS_AT_ONCE):
            some = cells[start : start + CELLS_AT_ONCE]
            sides = [Side(name, _around(table, some), SURVEYS[name].objects.association_arcsec)
                     for name, table in objects.items()]  # fmt: skip
            found = [position_pairs(a, b, self.radius_arcsec) for a, b in combinations(sides, 2)]
            for rows in (*found, *map(same_survey_pairs, sides)):
                yield rows.filter(pc.is_in(pc.shift_right(rows[CELL], SHIFT), value_set=pa.array(some, pa.int32())))

    def _of_names(self, moving: dict[str, DeltaTable]) -> Iterator[pa.Table]:
        rows = {name: dataset_of(table).to_table(["designation", "first_night"]) for name, table in moving.items()}
        yield from (designation_pairs(a, b) for a, b in combinations(rows.items(), 2))


def _told(table: DeltaTable, since: int | None) -> set[int] | None:
    """Return the cells that the commits after a version tell of; None where one of them cannot be asked."""
    if since is None or since > table.version():
        return None
    found: set[int] = set()
    for version in range(since + 1, int(table.version()) + 1):
        path = entry(folder_of(table), version)
        if not path.exists():
            return None
        actions = [json.loads(line) for line in path.read_text().splitlines()]
        facts = {name: value for one in actions for name, value in one.get("commitInfo", {}).items()}
        if CELLS not in facts and any("add" in one or "remove" in one for one in actions):
            return None
        found |= set(json.loads(facts.get(CELLS, "[]")))
    return found


def _all_cells(objects: Sequence[DeltaTable], pairs: SkySorted) -> Ints:
    """Return every cell that holds an object or a pair."""
    tables = [dataset_of(table).to_table([CELL])[CELL] for table in objects]
    found = [pc.unique(column).to_numpy().astype(np.int64) >> SHIFT for column in tables]
    found += [pairs.read(piece, (CELL,))[CELL].to_numpy().astype(np.int64) >> SHIFT for piece in pairs.pieces]
    cells = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *found]))
    return cells[cells >= 0]


def _around(table: DeltaTable, cells: Ints) -> pa.Table:
    """Return the objects in some cells and in those beside them that do not move."""
    wide = np.unique(np.concatenate([cells, neighbours(cells, WORK_ORDER).ravel()]))
    wide = wide[wide >= 0]
    starts = np.r_[True, np.diff(wide) > 1]
    first, last = wide[starts], wide[np.r_[np.flatnonzero(starts)[1:] - 1, len(wide) - 1]]
    condition = pc.scalar(False)
    for low, high in zip(first.tolist(), last.tolist(), strict=True):
        condition |= (pc.field(CELL) >= (low << SHIFT)) & (pc.field(CELL) < ((high + 1) << SHIFT))
    return static(dataset_of(table).to_table(list(COLUMNS), filter=condition))


def _in_cells(table: SkySorted, piece: Piece, cells: Ints) -> Flags:
    """Tell which pairs of a file are made anew: those of the cells, and those by name."""
    cell = table.read(piece, (CELL,))[CELL].to_numpy().astype(np.int64)
    return np.asarray(np.isin(cell >> SHIFT, cells) | (cell == NO_CELL))
