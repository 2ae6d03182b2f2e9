"""Queries in ADQL as a page: every one is an address; what it finds is shown, and downloaded from TAP."""

from starlette.requests import Request
from starlette.responses import Response

from fink_lib.api.http.errors import Refused
from fink_lib.api.http.formats import Format
from fink_lib.api.http.service import Service
from fink_lib.portal.drawing import page
from fink_lib.vo.tap.catalog import TAP_SCHEMA, Catalog
from fink_lib.vo.tap.queries import Asked
from fink_lib.vo.tap.service import Tap

SHOWN_ROWS = 500
EXAMPLE = "SELECT TOP 10 object_id, n_alerts FROM {survey}.objects ORDER BY n_alerts DESC"
FORMATS = {"VOTable": "votable", "CSV": "csv", "JSON": "json", "Parquet": "parquet"}


def console(service: Service, request: Request) -> Response:
    """Show the form of a query, and what the query of the address finds.

    Parameters
    ----------
    service
        The lake, whose tables may be asked.
    request
        With `query` in its query, in ADQL; the application has the service of TAP.
    """
    text = request.query_params.get("query", "").strip()
    tables = [one for one in Catalog.now(service.lake).tables.values() if one.schema != TAP_SCHEMA]
    example = EXAMPLE.format(survey=next(iter(service.lake.surveys)))
    found, wrong, status = None, "", 200
    if text:
        try:
            tap: Tap = request.app.state.tap
            found = tap.rows(Asked(text, SHOWN_ROWS, Format.VOTABLE, {}))
        except Refused as error:
            status = error.status
            wrong = f"{error.message}: {error.fix}" if error.fix else error.message
    columns = zip(found.rows.column_names, found.fields, strict=True) if found else ()
    return page("console.html.j2", status, q="", query=text or example, asked=text, wrong=wrong,
                tables=tables, formats=FORMATS, columns=[(name, one.unit) for name, one in columns],
                rows=[list(one.values()) for one in found.rows.to_pylist()] if found else [],
                is_cut=found is not None and found.document.is_cut, most=SHOWN_ROWS)  # fmt: skip
