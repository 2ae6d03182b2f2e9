"""A table is code: name, key, columns with units and meanings, partitions and properties in one spec. No Spark here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from fink_lib.lake.tables.types import plain_type
from fink_lib.storage.paths import AnyPlace

UNIT, MEANING = b"unit", b"meaning"


def full_name(layer: str, survey: str | None, name: str) -> str:
    """Return the name of a table and of its folder: ``{layer}_{survey}__{name}``, without a survey where all share it.

    Parameters
    ----------
    layer
        ``bronze``, ``silver`` or ``gold``.
    survey
        Whose table; None or an empty text for a table of all surveys.
    name
        What it holds.
    """
    return f"{layer}_{survey}__{name}" if survey else f"{layer}__{name}"


def column(name: str, kind: pa.DataType, meaning: str, unit: str = "") -> pa.Field:
    """Return a column that may be null, with its meaning and its unit (empty for a label or a pure number).

    Parameters
    ----------
    name
        Of the column.
    kind
        Type of its values.
    meaning
        One sentence for readers of the table.
    unit
        As readers write it.
    """
    return pa.field(name, kind, metadata={UNIT: unit.encode(), MEANING: meaning.encode()})


def unit_of(one: pa.Field) -> str:
    """Return the unit of a column; empty where it has none."""
    return _told(one, UNIT)


def meaning_of(one: pa.Field) -> str:
    """Return the meaning of a column; empty where nobody has told it."""
    return _told(one, MEANING)


def _told(one: pa.Field, key: bytes) -> str:
    found: bytes = (one.metadata or {}).get(key, b"")
    return found.decode()


@dataclass(frozen=True)
class TableSpec:
    """One Delta table.

    Attributes
    ----------
    layer, survey, name
        Make the table's name, see `full_name`; survey is empty for tables of all surveys.
    schema
        Columns in order; those that queries select on come first, bulky ones last. Metadata of each: `unit`, `meaning`.
    key
        Columns that name one row.
    comment
        What one row is.
    written_by
        The stage, product or people whose work appends to it or replaces its rows.
    partitioned_by
        Partition columns.
    append_only
        True for tables that a stream writes.
    indexed_columns
        How many leading columns keep min/max statistics.
    clustered_by
        Columns whose neighbours compaction puts together; queries on a range of them skip what is far away.
    looked_up_by
        Columns that queries ask for by value; compaction writes a Bloom filter of each.
    file_mb
        Size of a file that compaction aims at, in MB.
    properties
        Further properties of the Delta table.
    """

    layer: str
    survey: str
    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    comment: str
    written_by: str
    partitioned_by: tuple[str, ...] = ("night",)
    append_only: bool = True
    indexed_columns: int = 16
    clustered_by: tuple[str, ...] = ()
    looked_up_by: tuple[str, ...] = ()
    file_mb: int = 256
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """Name of the table and of its folder."""
        return full_name(self.layer, self.survey, self.name)

    def path(self, lake: AnyPlace) -> AnyPlace:
        """Return the place of the table in a lake: a folder where the lake is one."""
        return lake / self.full_name  # type: ignore[return-value]

    @property
    def plain_schema(self) -> pa.Schema:
        """Columns without units and meanings: what is written to the lake, whose files say neither."""
        return pa.schema([pa.field(one.name, plain_type(one.type)) for one in self.schema])

    @property
    def paths(self) -> frozenset[str]:
        """Every column as a dotted path, through structs and lists of structs."""
        return column_paths(self.schema)


def column_paths(schema: pa.Schema) -> frozenset[str]:
    """Return every column as a dotted path, through structs and lists of structs."""
    return frozenset(path for one in schema for path in _paths(one.name, one.type))


def _paths(path: str, kind: pa.DataType) -> Iterator[str]:
    yield path
    inner = kind.value_type if pa.types.is_list(kind) or pa.types.is_large_list(kind) else kind
    if pa.types.is_struct(inner):
        for one in inner:
            yield from _paths(f"{path}.{one.name}", one.type)
