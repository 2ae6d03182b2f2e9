"""Queries to begin with, as a page that programs read too (DALI examples)."""

from xml.sax.saxutils import escape

from starlette.responses import Response

NEAR = """SELECT TOP 100 * FROM {survey}.sources
WHERE 1 = CONTAINS(POINT('ICRS', ra, dec), CIRCLE('ICRS', 49.1551, 44.1449, 5 / 3600.))
ORDER BY obs_time DESC"""
CLASSES = "SELECT class, COUNT(*) AS n FROM {survey}.objects GROUP BY class ORDER BY n DESC"
CURVES = """SELECT s.* FROM {survey}.sources AS s
JOIN (SELECT TOP 10 object_id FROM {survey}.objects ORDER BY n_alerts DESC) AS o USING (object_id)"""
VOCABULARY = "http://www.ivoa.net/rdf/examples#"  # as DALI 1.1 writes it
EXAMPLES = {
    "cone": ("Alerts within 5 arcsec of a place, the newest first", NEAR),
    "classes": ("How many objects there are of each class", CLASSES),
    "curves": ("Light curves of the objects with the most alerts", CURVES),
}


def examples_page(surveys: tuple[str, ...]) -> Response:
    """Return the page."""
    told = "".join(_example(key, name, query, survey) for survey in surveys for key, (name, query) in EXAMPLES.items())
    body = f'<body vocab="{VOCABULARY}">{told}</body>'
    return Response(
        '<?xml version="1.0" encoding="UTF-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><head>'
        f"<title>Examples of queries</title></head>{body}</html>\n",
        media_type="application/xhtml+xml",
    )


def _example(key: str, name: str, query: str, survey: str) -> str:
    written = escape(query.format(survey=survey))
    return (
        f'<div typeof="example" id="{survey}_{key}" resource="#{survey}_{key}"><h2 property="name">{name}</h2>'
        f'<pre property="query">{written}</pre></div>'
    )
