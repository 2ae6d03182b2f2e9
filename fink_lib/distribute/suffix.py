"""What follows a packet on a topic: science, times, versions, as Avro."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.avro.encode import datums
from fink_lib.distribute.alerts import Columns
from fink_lib.distribute.avro_schema import writer_schema
from fink_lib.distribute.columns import CDSXMATCH, KEPT_BACK, RENAMED
from fink_lib.lake.spark.table import spark_struct
from fink_lib.surveys import Survey
from fink_lib.surveys.base import AvroSchema
from fink_lib.surveys.tables import packet_schema

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"  # Arrow writes the microseconds behind it
TEXT = pa.string()


@dataclass(frozen=True)
class Suffix:
    """Writes what the broker adds to packets.

    Attributes
    ----------
    columns
        Columns of silver in order, with the types that they leave in; one that silver lacks is null.
    """

    columns: Mapping[str, pa.DataType]

    @classmethod
    def of(cls, silver: pa.Schema, survey: Survey) -> "Suffix":
        """Return what is added to packets out of a table of silver.

        Parameters
        ----------
        silver
            Columns of the table.
        survey
            What its packets hold is not added again.

        Returns
        -------
        All columns of silver that neither the packet has nor the broker keeps back, and `cdsxmatch`.
        """
        packet = set(packet_schema(survey, cutouts=True).names)
        columns = {one.name: leaving_type(one.type) for one in silver if one.name not in KEPT_BACK | packet}
        return cls(columns if CDSXMATCH in columns else {**columns, CDSXMATCH: TEXT})

    @property
    def record(self) -> AvroSchema:
        """Its Avro schema.

        Raises
        ------
        LakeError
            When a column has a type that cannot leave.
        """
        fields = [pa.field(RENAMED.get(name, name), kind) for name, kind in self.columns.items()]
        return writer_schema(spark_struct(pa.schema(fields)))

    def of_rows(self, rows: Columns, count: int) -> pa.Array:
        """Return the bytes of each row.

        Parameters
        ----------
        rows
            Columns of silver, by name; one that is not there is null.
        count
            Number of rows.

        Returns
        -------
        Bare Avro of `record`, one an alert.
        """
        there = [as_text(rows[name]) if name in rows else pa.nulls(count, kind) for name, kind in self.columns.items()]
        return datums(there, list(self.columns.values()))


def leaving_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that values of a type leave in: times and dates are texts."""
    return TEXT if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else kind


def as_text(values: pa.Array) -> pa.Array:
    """Write times and dates as text; anything else leaves as it is."""
    if pa.types.is_timestamp(values.type):
        # without its zone, UTC: nothing is to be looked up
        return pc.strftime(values.cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us")), TIME_FORMAT)
    return values.cast(TEXT) if pa.types.is_date(values.type) else values
