"""Nights into the tables of objects, one commit a table: what a night said before goes, what it says now comes.

A row keeps what each of its nights says, so that closing a night again, late or out of order, leaves the table that
closing all nights once would have left.
"""

import datetime as dt
import json
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.catalogs.cells import covering_cells
from fink_lib.lake.rows import Rows
from fink_lib.lake.sky_sorted import Exchange, Flags, Ints, Piece, SkySorted
from fink_lib.lake.small import until_committed
from fink_lib.lake.tables import gold_moving_objects, gold_objects
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.objects.alerts import object_alerts
from fink_lib.objects.entries import NAME, NAMED_ENTRY, entries_of
from fink_lib.objects.fold import fold
from fink_lib.objects.near import REACH_ARCSEC, WORK_ORDER
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)

SILVER = "silver"  # under which the version of silver is noted that the table was made of
CELLS = "touched_cells"  # under which a commit tells where objects changed, for those who build on it
NightsOfSilver = Callable[[dt.date], Rows]


@dataclass(frozen=True)
class Merged:
    """What merging nights did.

    Attributes
    ----------
    objects, moving
        Objects of each kind that the nights hold now.
    nameless
        Alerts of these nights that name no object.
    """

    objects: int
    moving: int
    nameless: int


@dataclass(frozen=True)
class ObjectBook:
    """The objects of a survey in one lake.

    Attributes
    ----------
    survey, lake
        Where the tables are.
    """

    survey: Survey
    lake: LakePath

    def merge(self, silver: NightsOfSilver, nights: Collection[dt.date], version: int | None) -> Merged:
        """Put nights in the place of what they said before.

        Parameters
        ----------
        silver
            Returns the rows of silver of a night.
        nights
            Which nights.
        version
            The version of silver that is read; None where there is no silver.
        """
        found = {night: object_alerts(silver(night), self.survey) for night in sorted(nights)}
        none = NAMED_ENTRY.empty_table()
        static = pa.concat_tables([none, *(entries_of(one.static, night) for night, one in found.items())])
        moving = pa.concat_tables([none, *(entries_of(one.moving, night) for night, one in found.items())])
        for spec, entries in (
            (gold_objects(self.survey.name), static),
            (gold_moving_objects(self.survey.name), moving),
        ):
            until_committed(spec, partial(self._merged, spec, entries, nights, version))
        count = {name: pc.count_distinct(entries[NAME]).as_py() for name, entries in (("s", static), ("m", moving))}
        nameless = sum(one.nameless for one in found.values())
        logger.info("survey=%s nights=%d objects=%d moving=%d", self.survey.name, len(nights), count["s"], count["m"])
        return Merged(count["s"], count["m"], nameless)

    def merged_version(self) -> int | None:
        """Return the version of silver that the table of objects was last made of; None where there is no table."""
        return SkySorted(gold_objects(self.survey.name), self.lake).noted(SILVER)

    def _merged(self, spec: TableSpec, entries: pa.Table, nights: Collection[dt.date], version: int | None) -> None:
        table, key = SkySorted(spec, self.lake), spec.key[0]
        gone = {piece.name: _touched(table, piece, pc.unique(entries[NAME]), nights) for piece in table.pieces}
        old = [table.read(one).filter(pa.array(gone[one.name])) for one in table.pieces if gone[one.name].any()]
        kept = _other_nights(pa.concat_tables([spec.plain_schema.empty_table(), *old]), key, nights)
        folded = fold(pa.concat_tables([kept, entries]), self.survey.report.label)
        columns = [folded[NAME if name == key else name] for name in spec.schema.names]
        rows = pa.table(columns, schema=spec.plain_schema)
        noted = {} if version is None else {SILVER: version}
        facts = {CELLS: json.dumps(_cells([*old, rows])), "nights": str(len(nights))}
        table.exchange(Exchange(rows, lambda piece: gone[piece.name]), facts, noted)


def _touched(table: SkySorted, piece: Piece, names: pa.Array, nights: Collection[dt.date]) -> Flags:
    """Tell which rows of a file are of objects that the nights name, now or before."""
    key = table.spec.key[0]
    rows = table.read(piece, (key, "first_night", "last_night"))
    named = _flags(pc.is_in(rows[key], value_set=names))
    early, late = (pa.scalar(one, pa.date32()) for one in (min(nights), max(nights)))
    within = pc.and_(pc.less_equal(rows["first_night"], late), pc.greater_equal(rows["last_night"], early))
    if not (_flags(within) & ~named).any():
        return named
    owner, of_nights = _of_nights(table.read(piece, ("nights",))["nights"], nights)
    named[owner[of_nights]] = True
    return named


def _of_nights(column: pa.ChunkedArray, nights: Collection[dt.date]) -> tuple[Ints, Flags]:
    """Return, for each entry of each row, its row, and whether it is of one of some nights."""
    whole = column.combine_chunks()
    inside = pc.struct_field(pc.list_flatten(whole), "night")
    chosen = pc.is_in(inside, value_set=pa.array(sorted(nights), pa.date32()))
    return np.asarray(pc.list_parent_indices(whole).to_numpy(), dtype=np.int64), _flags(chosen)


def _other_nights(rows: pa.Table, key: str, nights: Collection[dt.date]) -> pa.Table:
    """Return what other nights say of some objects."""
    if not rows.num_rows:
        return NAMED_ENTRY.empty_table()
    owner, chosen = _of_nights(rows["nights"], nights)
    entries = pa.Table.from_struct_array(pc.list_flatten(rows["nights"]).combine_chunks())
    named = entries.append_column(NAME, rows[key].take(pa.array(owner)))
    return named.filter(pa.array(~chosen)).select(NAMED_ENTRY.names).cast(NAMED_ENTRY)


def _cells(tables: Sequence[pa.Table]) -> list[int]:
    """Return the cells, of `WORK_ORDER`, in which these objects can matter to others."""
    ra_name, dec_name = ("ra", "dec") if "ra" in tables[0].column_names else ("last_ra", "last_dec")
    ra, dec = (np.concatenate([one[name].to_numpy() for one in tables]) for name in (ra_name, dec_name))
    cells: list[int] = np.unique(covering_cells(ra, dec, REACH_ARCSEC, WORK_ORDER)[1]).tolist()
    return cells


def _flags(values: pa.ChunkedArray | pa.Array) -> Flags:
    return np.array(values.to_numpy(zero_copy_only=False) if isinstance(values, pa.Array) else values.to_numpy(), bool)
