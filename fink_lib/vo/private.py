"""Tables of people as the Virtual Observatory sees them: described by types, and by names that are known."""

from collections.abc import Iterable, Mapping

from fink_lib.served.private import KINDS, PrivateTable
from fink_lib.vo.fields import Field
from fink_lib.vo.tables import PRINCIPAL, VoTable

KNOWN = PRINCIPAL | {"hpx"}


def vo_table(table: PrivateTable, known: Mapping[str, Field] | None = None) -> VoTable:
    """Return a table of people as one that may be asked.

    Parameters
    ----------
    table
        The table.
    known
        Columns of the surveys' tables, by name: one that is called so and has that type is described as they are.
    """
    fields = tuple(_field(name, kind, (known or {}).get(name)) for name, kind in table.columns.items())
    whose = f"the group {table.group}" if table.group else table.owner
    said = f"{table.title or 'A result of a job'}; of {whose}, made by job {table.job}."
    return VoTable(table.schema, table.name, said, fields, of_people=True)


def known_columns(tables: Iterable[VoTable]) -> dict[str, Field]:
    """Return the columns by which tables are joined and plotted: those of the first table that has one count."""
    found: dict[str, Field] = {}
    for table in tables:
        for one in table.fields:
            if one.name in KNOWN:
                found.setdefault(one.name, one)
    return found


def _field(name: str, kind: str, known: Field | None) -> Field:
    if known is not None and known.kind == KINDS[kind]:
        said = f"Called as in the tables of surveys: {known.meaning}"
        return Field(name, KINDS[kind], known.unit, known.ucd, said, is_principal=True, scale=known.scale)
    return Field(name, KINDS[kind], meaning="Made by the job.", is_principal=True)
