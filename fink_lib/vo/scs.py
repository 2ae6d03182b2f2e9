"""Simple Cone Search 1.03: the objects or the alerts of a survey in a circle, as a VOTable."""

import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.service import Service
from fink_lib.api.lake import Snapshot
from fink_lib.api.sky import cone_ranges, separation_deg
from fink_lib.api.sql import quoted
from fink_lib.vo import vosi, votable
from fink_lib.vo.datalink.descriptor import linked, root_of
from fink_lib.vo.fields import Field
from fink_lib.vo.parameters import MOST_ROWS, Parameters
from fink_lib.vo.replies import pieces
from fink_lib.vo.tables import VoTable, tables_of

LARGEST_DEG = 180.0
FEW, USUAL = 1, 2  # VERB; 3 is everything
OLD_WORDS = {"ra": "POS_EQ_RA_MAIN", "dec": "POS_EQ_DEC_MAIN"}  # UCD1: the standard asks for these three
ID_WORD = "ID_MAIN"
IDENTIFIER = Field("id", pa.string(), "", ID_WORD, "Identifier of the alert, as text.", "CAST(alert_id AS VARCHAR)")


def table_of(service: Service, request: Request) -> tuple[Snapshot, VoTable]:
    """Return the versions and the table that a path names.

    Parameters
    ----------
    service
        What is served.
    request
        With survey and table in its path.

    Raises
    ------
    Refused
        When there is none of that name.
    """
    survey = service.survey(request.path_params["survey"])
    snapshot, name = service.lake.surveys[survey.name].now(), request.path_params["table"]
    tables = {one.name: one for one in tables_of(snapshot)}
    if name not in tables:
        raise Refused(f"there is no table '{name}'", parameter="table", value=name, fix=f"one of {', '.join(tables)}",
                      status=404)  # fmt: skip
    return snapshot, tables[name]


def cone(service: Service, request: Request) -> Response:
    """Answer with what is in a circle.

    Parameters
    ----------
    service
        What is served.
    request
        With survey and table in its path; RA, DEC and SR in deg, VERB from 1 to 3, MAXREC.

    Returns
    -------
    The nearest rows first; with SR=0 the columns alone.

    Raises
    ------
    Refused
        When a parameter is missing or wrong, or there is no such table.
    """
    snapshot, table = table_of(service, request)
    asked = Parameters(request.query_params.multi_items())
    ra, dec = asked.number("RA", 0.0, 360.0), asked.number("DEC", -90.0, 90.0)
    radius = asked.number("SR", 0.0, LARGEST_DEG)
    level, most = int(asked.number("VERB", FEW, 3, USUAL)), asked.rows()
    fields = fields_of(table, level)
    found = rows_in(snapshot, table, fields, (ra, dec, radius), most)
    ids = () if table.of_objects else (table.schema, IDENTIFIER.name, IDENTIFIER.datatype)
    document = votable.Document(table.meaning, is_cut=found.num_rows > most > 0, linked=ids)
    shown = found.slice(0, most)
    return pieces(votable.written(shown, fields, linked(document, root_of(request))))


def fields_of(table: VoTable, level: int) -> list[Field]:
    """Return the columns of an answer of some verbosity, with the words that the standard asks for.

    Parameters
    ----------
    table
        The table that is searched.
    level
        1 for identity and position alone, 2 for the principal columns too, 3 for all.
    """
    identity = [] if table.of_objects else [IDENTIFIER]
    chosen = [one for one in table.fields if level > USUAL or _is_needed(one) or (level == USUAL and one.is_principal)]
    return identity + [_in_old_words(one, table) for one in chosen]


def _is_needed(one: Field) -> bool:
    return one.name in OLD_WORDS or (one.name == "object_id" and one.ucd.endswith("meta.main"))


def _in_old_words(one: Field, table: VoTable) -> Field:
    word = OLD_WORDS.get(one.name) or (ID_WORD if table.of_objects and one.name == "object_id" else one.ucd)
    if word.startswith("meta.id;meta.main"):
        word = "meta.id"
    return Field(one.name, one.kind, one.unit, word, one.meaning, one.sql, one.is_principal, one.is_indexed, one.scale)


def rows_in(
    snapshot: Snapshot, table: VoTable, fields: list[Field], circle: tuple[float, float, float], most: int
) -> pa.Table:
    """Return the rows in a circle, the nearest first, and one more than the most where there are more.

    Parameters
    ----------
    snapshot
        The versions of the survey's tables.
    table
        The table that is searched.
    fields
        Columns of the answer.
    circle
        Right ascension, declination and radius, deg; a radius of 0 gives no rows.
    most
        Largest number of rows, without the one more.
    """
    ra, dec, radius = circle
    near = " OR ".join(f"hpx BETWEEN {low} AND {high}" for low, high in cone_ranges(ra, dec, radius))
    apart = separation_deg("ra", "dec", f"{ra!r}::DOUBLE", f"{dec!r}::DOUBLE")
    inside = f"{apart} <= {radius!r}::DOUBLE" if radius else "false"  # a radius of 0 asks for the columns alone
    listed = ", ".join(f"{one.sql if one.name == IDENTIFIER.name else quoted(one.name)} AS {quoted(one.name)}"
                       for one in fields)  # fmt: skip
    key = "object_id" if table.of_objects else "alert_id"
    query = (
        f"SELECT {listed} FROM ({table.sql(snapshot, (near,))}) WHERE {inside} ORDER BY {apart}, {key} LIMIT {most + 1}"  # noqa: S608
    )
    return snapshot.engine.table(query)


def capabilities(service: Service, request: Request) -> Response:
    """Answer with what this search can do.

    Parameters
    ----------
    service
        What is served.
    request
        With survey and table in its path.
    """
    table_of(service, request)
    url = str(request.url).rpartition("/")[0]
    inside = (
        f"{vosi.interface(f'{url}?', use='base', version='1.03')}<maxSR>{LARGEST_DEG:g}</maxSR>"
        f"<maxRecords>{MOST_ROWS}</maxRecords><verbosity>true</verbosity>"
        "<testQuery><ra>10.0</ra><dec>20.0</dec><sr>1.0</sr></testQuery>"
    )
    own = vosi.capability("ConeSearch", inside, "cs:ConeSearch")
    return vosi.capabilities(url, [own], tables=True)


def tables(service: Service, request: Request) -> Response:
    """Answer with the table that this search is of.

    Parameters
    ----------
    service
        What is served.
    request
        With survey and table in its path.
    """
    _, table = table_of(service, request)
    return vosi.tableset([(table.schema, f"Public alerts of {table.schema}.", [table])])
