"""A made night in the tables of a survey, any number of alerts, a piece at a time: every message has its place.

The columns of packets are those of one real alert, without its history; identity, place on the sky, times and places
in Kafka are new for each. Of five alerts three are in silver and two rejected; each in silver was counted, and one of
fifty sent by a filter.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from deltalake import write_deltalake

from fink_lib.distribute import counter
from fink_lib.filters.registry import filters_of
from fink_lib.lake.small import ensure_small
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.versions import Table
from fink_lib.science.framework.silver import silver_spec
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.bytes import kept_bytes

PIECE_ROWS = 250_000
PARTITIONS = 16
EXPOSURES = 800
OF_FIVE = 3
OF_FIFTY = 50
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))
Ints = npt.NDArray[np.int64]
Columns = Mapping[str, Any]


@dataclass(frozen=True)
class MadeNight:
    """A night to be written.

    Attributes
    ----------
    survey, night
        Whose, and which.
    alerts
        How many.
    real
        A real alert, decoded.
    """

    survey: Survey
    night: dt.date
    alerts: int
    real: Mapping[str, Any]

    @cached_property
    def packet(self) -> dict[str, Any]:
        """The alert without its history and its cutouts."""
        schema = {one.name: one.type for one in night_specs(self.survey)[Table.SILVER].schema}
        histories = {name for name, kind in schema.items() if _is_history(kind)}
        without = {*histories, *self.survey.cutout_roots}
        return {name: None if name in without else value for name, value in self.real.items()}

    @property
    def ends(self) -> dict[str, int]:
        """Messages by topic: of the survey, of the counter, of one filter."""
        numbers = np.arange(self.alerts)
        sent = filters_of(self.survey.name)[0].topic
        return {
            self.survey.topic_of(self.night): self.alerts,
            counter.counter_topic(self.survey.name, self.night): int(_in_silver(numbers).sum()),
            sent: int((_in_silver(numbers) & (numbers % OF_FIFTY == 0)).sum()),
        }

    def write(self, lake: LakePath) -> None:
        """Write the tables."""
        body = kept_bytes(self.packet, self.survey.name, lake)
        specs = {**night_specs(self.survey), Table.SILVER: silver_spec(self.survey)}
        for first in range(0, self.alerts, PIECE_ROWS):
            numbers = np.arange(first, min(first + PIECE_ROWS, self.alerts))
            for table, rows in self._tables(numbers, specs, body):
                write_deltalake(ensure_small(specs[table], lake), rows, mode="append")

    def _tables(
        self, numbers: Ints, specs: Mapping[Table, TableSpec], body: Columns
    ) -> Iterator[tuple[Table, pa.Table]]:
        kept, cut = numbers[_in_silver(numbers)], numbers[~_in_silver(numbers)]
        yield (
            Table.BRONZE,
            _rows(specs[Table.BRONZE], {**self.packet, **body, "rebuilt": False}, self._identity(numbers)),
        )
        science = {"science_versions": [("made", "1")], "science_errors": []}
        yield Table.SILVER, _rows(specs[Table.SILVER], {**self.packet, **science}, self._identity(kept))
        rejected = {"reasons": ["rb"], "is_duplicate": False}
        yield Table.REJECTED, _rows(specs[Table.REJECTED], rejected, self._identity(cut))
        for name, version, topic, chosen in self._sent(kept):
            told = {"filter": name, "filter_version": version, "topic": topic, "partition": 0}
            yield (
                Table.PUBLISHED,
                _rows(specs[Table.PUBLISHED], told, self._identity(chosen[0]) | {"offset": chosen[1]}),
            )

    def _sent(self, kept: Ints) -> Iterator[tuple[str, str, str, tuple[Ints, Ints]]]:
        chosen = filters_of(self.survey.name)[0]
        place = kept // 5 * OF_FIVE + kept % 5  # among those in silver
        yield counter.COUNTER, counter.VERSION, counter.counter_topic(self.survey.name, self.night), (kept, place)
        few = kept[kept % OF_FIFTY == 0]
        yield chosen.name, str(chosen.version), chosen.topic, (few, few // OF_FIFTY)

    def _identity(self, numbers: Ints) -> dict[str, Any]:
        """Return what differs from alert to alert."""
        draw = np.random.default_rng(int(numbers[0]) if len(numbers) else 0)
        first = float(value_at(self.packet, self.survey.fields.time) or 0.0)
        at = np.datetime64(f"{self.night}T12:00", "us") + numbers.astype("timedelta64[us]")
        later = [pa.array(at + np.timedelta64(seconds, "s")).cast(pa.timestamp("us", "UTC")) for seconds in range(4)]
        return {
            "night": np.full(len(numbers), np.datetime64(self.night)),
            "alert_id": 10**15 + numbers,
            "object_id": _names(numbers // 3),
            "time": first - (numbers % EXPOSURES) * 1e-5,
            "ra": draw.uniform(0.0, 360.0, len(numbers)),
            "dec": np.degrees(np.arcsin(draw.uniform(-0.5, 1.0, len(numbers)))),
            "band": np.array(list(self.survey.bands.values()))[numbers % 2],
            "kafka_topic": np.full(len(numbers), self.survey.topic_of(self.night)),
            "kafka_partition": (numbers % PARTITIONS).astype(np.int32),
            "kafka_offset": numbers // PARTITIONS,
            **dict(zip(("kafka_time", "ingest_time", "enrich_time", "publish_time"), later, strict=True)),
        }


def _in_silver(numbers: Ints) -> npt.NDArray[np.bool_]:
    return np.asarray(numbers % 5 < OF_FIVE)


def _names(numbers: Ints) -> npt.NDArray[np.str_]:
    """Return names as ZTF gives them."""
    found = np.full(len(numbers), "ZTF21", dtype="U12")
    for place in range(6, -1, -1):
        found = np.char.add(found, LETTERS[numbers // 26**place % 26])
    return found


def _rows(spec: TableSpec, constant: Mapping[str, Any], columns: Columns) -> pa.Table:
    """Return rows of a table: some columns as given, the others the same in every row; histories are left out."""
    schema = spec.plain_schema
    told = {one.name: None if _is_history(one.type) else constant.get(one.name) for one in schema}
    one = pa.Table.from_pylist([told], schema=schema)
    count = len(columns["alert_id"])
    rows = one.take(pa.array(np.zeros(count, dtype=np.int64)))
    for name, values in columns.items():
        if name in schema.names:
            at = schema.get_field_index(name)
            rows = rows.set_column(at, schema.field(name), pa.array(values).cast(schema.field(name).type))
    return rows


def _is_history(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_struct(kind.value_type))
