"""A column as the Virtual Observatory describes it: name, type, unit, UCD, meaning."""

from dataclasses import dataclass, replace

import pyarrow as pa

ISO, TEXT = "timestamp", "*"


@dataclass(frozen=True)
class Field:
    """A column of a table or of an answer.

    Attributes
    ----------
    name
        What it is called.
    kind
        Its type.
    unit, ucd, meaning
        VOUnit, UCD1+, and a sentence; empty where there is none.
    sql
        Its value over the rows that the table is made of; empty where it is computed elsewhere.
    is_principal, is_indexed
        True where it is among those that are told first; where the table is sorted or looked up by it.
    scale
        ID of the time system that it is in; empty for none.
    form
        How its text is to be read where its type does not tell.
    """

    name: str
    kind: pa.DataType
    unit: str = ""
    ucd: str = ""
    meaning: str = ""
    sql: str = ""
    is_principal: bool = False
    is_indexed: bool = False
    scale: str = ""
    form: str = ""

    @property
    def datatype(self) -> str:
        """Its type in a VOTable."""
        return datatype_of(self.kind)

    @property
    def arraysize(self) -> str:
        """Size of its values in a VOTable: any for text, none for numbers."""
        return TEXT if self.datatype == "char" else ""

    @property
    def xtype(self) -> str:
        """How its text is to be read: as a time, or as nothing further."""
        return ISO if pa.types.is_temporal(self.kind) else self.form

    def called(self, name: str) -> "Field":
        """Return it under another name."""
        return replace(self, name=name)


def datatype_of(kind: pa.DataType) -> str:
    """Return the VOTable type that values of an Arrow type are written as."""
    known = {
        pa.bool_(): "boolean",
        pa.uint8(): "unsignedByte",
        **dict.fromkeys((pa.int8(), pa.int16()), "short"),
        **dict.fromkeys((pa.int32(), pa.uint16()), "int"),
        **dict.fromkeys((pa.int64(), pa.uint32()), "long"),
        **dict.fromkeys((pa.float16(), pa.float32()), "float"),
        pa.float64(): "double",
    }
    if pa.types.is_decimal(kind):
        return "double"
    return known.get(kind, "char")
