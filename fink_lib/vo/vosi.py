"""What services say of themselves (VOSI 1.1): capabilities, availability, tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from fink_lib.vo.fields import Field
from fink_lib.vo.replies import xml
from fink_lib.vo.tables import VoTable

NAMES = (
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0" '
    'xmlns:vr="http://www.ivoa.net/xml/VOResource/v1.0" '
    'xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1" '
    'xmlns:cs="http://www.ivoa.net/xml/ConeSearch/v1.0" '
    'xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0"'
)
STANDARD = "ivo://ivoa.net/std/"
RESERVED = {"SIZE"}  # of our columns; no other one is a word of ADQL, as taplint sees


@dataclass(frozen=True)
class ForeignKey:
    """A column of a table that stands for a row of another.

    Attributes
    ----------
    table, column
        The table and its column.
    other, target
        The other table, and the column that has the same value there.
    """

    table: str
    column: str
    other: str
    target: str


def delimited(name: str) -> str:
    """Return a column's name as ADQL has to write it: between quotes where it is a word of ADQL."""
    return f'"{name}"' if name.upper() in RESERVED else name


def interface(url: str, *, kind: str = "vs:ParamHTTP", role: str = "std", version: str = "", use: str = "full") -> str:
    """Return where a capability is found.

    Parameters
    ----------
    url
        Address.
    kind
        Type of the interface, as XML Schema has it.
    role
        Empty for none.
    version
        Empty for none.
    use
        ``full`` for a whole address, ``base`` for the beginning of one.

    Returns
    -------
    An XML element.
    """
    said = f' version="{version}"' if version else ""
    standing = f' role="{role}"' if role else ""
    return f'<interface xsi:type="{kind}"{standing}{said}><accessURL use="{use}">{escape(url)}</accessURL></interface>'


def capability(standard: str, inside: str, kind: str = "") -> str:
    """Return a capability.

    Parameters
    ----------
    standard
        Identifier of the standard, behind ``ivo://ivoa.net/std/``.
    inside
        XML elements in it.
    kind
        Type of the capability, as XML Schema has it; empty for none.

    Returns
    -------
    An XML element.
    """
    of_kind = f' xsi:type="{kind}"' if kind else ""
    return f'<capability{of_kind} standardID="{STANDARD}{standard}">{inside}</capability>\n'


def capabilities(url: str, own: Iterable[str], *, tables: bool = False) -> Response:
    """Return what a service can do, with the capabilities that each has.

    Parameters
    ----------
    url
        Where the service is.
    own
        Capabilities of its own.
    tables
        True where it tells its tables.
    """
    common = ["capabilities", "availability", *(["tables"] if tables else [])]
    versions = {"tables": "#tables-1.1"}
    told = [capability(f"VOSI{versions.get(name, f'#{name}')}", interface(f"{url}/{name}", role="")) for name in common]
    return xml(f"<vosi:capabilities {NAMES}>\n{''.join([*told, *own])}</vosi:capabilities>\n")


def availability() -> Response:
    """Return that the service is there: without it nobody would answer."""
    names = 'xmlns:vosi="http://www.ivoa.net/xml/VOSIAvailability/v1.0"'
    return xml(f"<vosi:availability {names}><vosi:available>true</vosi:available></vosi:availability>\n")


def tableset(schemas: Sequence[tuple[str, str, Sequence[VoTable]]], keys: Iterable[ForeignKey] = ()) -> Response:
    """Return the tables of a service.

    Parameters
    ----------
    schemas
        Name, meaning and tables of each schema.
    keys
        Which columns stand for rows of other tables.
    """
    of_table: dict[str, list[ForeignKey]] = {}
    for one in keys:
        of_table.setdefault(one.table, []).append(one)
    told = "".join(
        f"<schema><name>{name}</name><description>{escape(meaning)}</description>"
        f"{''.join(_table(one, of_table.get(one.full_name, [])) for one in tables)}</schema>\n"
        for name, meaning, tables in schemas
    )
    names = f'xmlns:vosit="http://www.ivoa.net/xml/VOSITables/v1.0" {NAMES}'
    return xml(f"<vosit:tableset {names}>\n{told}</vosit:tableset>\n")


def _table(table: VoTable, keys: Iterable[ForeignKey]) -> str:
    columns = "".join(map(_column, table.fields))
    foreign = "".join(
        f"<foreignKey><targetTable>{one.other}</targetTable><fkColumn><fromColumn>{one.column}</fromColumn>"
        f"<targetColumn>{one.target}</targetColumn></fkColumn></foreignKey>"
        for one in keys
    )
    meaning = f"<description>{escape(table.meaning)}</description>"
    return f'<table type="table"><name>{table.full_name}</name>{meaning}{columns}{foreign}</table>\n'


def _column(one: Field) -> str:
    optional = "".join(
        f"<{name}>{escape(value)}</{name}>" for name, value in (("unit", one.unit), ("ucd", one.ucd)) if value
    )
    size = f' arraysize="{one.arraysize}"' if one.arraysize else ""
    kind = f" extendedType={quoteattr(one.xtype)}" if one.xtype else ""
    flags = "<flag>indexed</flag>" if one.is_indexed else ""
    return (
        f"<column><name>{escape(delimited(one.name))}</name><description>{escape(one.meaning)}</description>{optional}"
        f'<dataType xsi:type="vs:VOTableType"{size}{kind}>{one.datatype}</dataType>{flags}</column>'
    )
