"""The object of another survey that an alert's object was paired with, as columns of silver: looked up by its name.

Pairs are made when nights close (`fink_lib.objects.pair_book`). What is told of an alert depends on the name of its
object and on the version of the table of pairs, which its row names; an object that is new tonight has no partner yet.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables import gold_object_pairs
from fink_lib.lake.tables.partner import PARTNER_COLUMNS
from fink_lib.lake.versions import table_version
from fink_lib.objects.pairs import POSITION
from fink_lib.storage import LakePath

logger = logging.getLogger(__name__)

NAME, TABLES = "object_id", "partner_tables"
FACTS = pa.schema([pa.field(one.name, one.type) for one in PARTNER_COLUMNS if one.name != TABLES])
LOOK_S = 60.0  # pairs change when a night closes


@dataclass(frozen=True)
class Partners:
    """The partners of a survey's objects, at one version of the table of pairs.

    Attributes
    ----------
    tables
        Table and version; None where there is no table.
    names
        Objects that have a partner, ascending, as UTF-8.
    facts
        `FACTS` of each.
    """

    tables: str | None
    names: npt.NDArray[np.bytes_]
    facts: pa.Table

    @classmethod
    def none(cls) -> Self:
        """Return the partners of a lake that has no pairs."""
        return cls(None, _as_bytes(pa.array([], pa.string())), FACTS.empty_table())

    @classmethod
    def read(cls, lake: LakePath, survey: str, version: int | None = None) -> Self:
        """Return the partners that a table of pairs tells of.

        Parameters
        ----------
        lake
            Root folder of the tables.
        survey
            Name of the survey whose objects are asked for.
        version
            Of the table; the newest when not given.
        """
        path = gold_object_pairs().path(lake)
        if not is_delta_table(path):
            return cls.none()
        table = delta_table(path, version)
        pairs = dataset_of(table)
        sides = [_seen_from(pairs, survey, *sides) for sides in ("ab", "ba")]
        found = pa.concat_tables(sides).sort_by([(NAME, "ascending"), ("partner_sep_arcsec", "ascending"),
                                                 ("partner_survey", "ascending")])  # fmt: skip
        names = _as_bytes(found[NAME])
        nearest = np.flatnonzero(np.r_[True, names[1:] != names[:-1]][: len(names)])
        order = nearest[np.argsort(names[nearest])]
        facts = found.take(pa.array(order)).select(FACTS.names).cast(FACTS).combine_chunks()
        return cls(f"{gold_object_pairs().full_name} {table.version()}", names[order], facts)

    def beside(self, alerts: pa.Table) -> pa.Table:
        """Return alerts with the columns that tell of partners behind their own.

        Parameters
        ----------
        alerts
            With ``object_id``, which may be null: such an alert has no partner.
        """
        asked = _as_bytes(pc.fill_null(alerts[NAME], ""))
        place = np.minimum(np.searchsorted(self.names, asked), max(len(self.names) - 1, 0))
        there = self.names[place] == asked if len(self.names) else np.zeros(len(asked), dtype=bool)
        found = self.facts.take(pa.array(place, mask=~there))
        found = found.append_column(TABLES, pa.repeat(pa.scalar(self.tables, pa.string()), len(asked)))
        for one in PARTNER_COLUMNS:
            alerts = alerts.append_column(pa.field(one.name, one.type), found[one.name])
        return alerts


class NewestPartners:
    """The partners as they stand now, read anew beside the micro-batches whenever pairs were made.

    Parameters
    ----------
    lake, survey
        Whose.
    clock
        Tells seconds.
    """

    def __init__(self, lake: LakePath, survey: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._lake, self._survey, self._clock = lake, survey, clock
        self._version: int | None = None
        self._look_at = clock()
        self.now = Partners.none()
        self.refresh()

    def refresh(self) -> None:
        """Look whether there are other pairs, at most every `LOOK_S`; what cannot be read stays as it was."""
        if self._clock() < self._look_at:
            return
        self._look_at = self._clock() + LOOK_S
        try:
            version = table_version(gold_object_pairs().path(self._lake))
            if version is not None and version != self._version:
                self.now, self._version = Partners.read(self._lake, self._survey, version), version
                logger.info(
                    "partners survey=%s tables=%s objects=%d", self._survey, self.now.tables, len(self.now.names)
                )
        except Exception as error:  # noqa: BLE001 - whatever it is, alerts are worth more than their partners
            logger.warning("partners not read survey=%s kept=%s: %s", self._survey, self.now.tables, error)


def _seen_from(pairs: "pa.dataset.Dataset", survey: str, mine: str, other: str) -> pa.Table:
    """Return the nearest partner of each object that stands on one side of the pairs."""
    columns = {
        NAME: f"object_{mine}",
        "partner_survey": f"survey_{other}",
        "partner_id": f"object_{other}",
        "partner_sep_arcsec": "separation_arcsec",
        "partner_chance": f"chance_{other}",
        "partner_ambiguous": "ambiguous",
    }
    by_place = (pc.field("kind") == POSITION) & (pc.field(f"survey_{mine}") == survey)
    rows = pairs.to_table(list(columns.values()), filter=by_place & (pc.field(f"rank_{other}") == 1))
    return rows.rename_columns(list(columns))


def _as_bytes(names: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bytes_]:
    return np.array(names.cast(pa.binary()).to_pylist(), dtype=bytes)
