"""What the OpenAPI document says of these routes: their parameters, and what is sent to them."""

from typing import Any

from fink_lib.api.http.openapi import ERROR, inlined
from fink_lib.community.draft import Draft
from fink_lib.community.kinds import Kind
from fink_lib.followup.reports.wished import ReportWish
from fink_lib.followup.sites import SITES
from fink_lib.followup.value import INSTRUMENTS

Told = dict[str, Any]
TEXT, WHOLE, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
NIGHT = {"type": "string", "format": "date"}
REFUSED: dict[int | str, Told] = dict.fromkeys((400, 401, 403, 404, 409, 413, 422, 429, 503), ERROR)
QUERY: dict[str, tuple[str, Told]] = {
    "survey": ("Whose object.", TEXT),
    "object_id": ("Which object.", TEXT),
    "alert_id": ("Which alert.", TEXT),
    "supersedes": ("The statement that this one replaces.", TEXT),
    "about_statement": ("What is said about this statement.", TEXT),
    "author": ("Who said it.", TEXT),
    "label": ("The label that it gives.", TEXT),
    "origin": ("person, program, facility, tns, …", TEXT),
    "visibility": ("public, group:NAME, rights:NAME or person:NAME.", TEXT),
    "kind": (f"One or several, with commas: {', '.join(Kind)}.", TEXT),
    "history": ("true: what was replaced too.", {"type": "string", "enum": ["true", "false"]}),
    "as_of": ("As it stood then; ISO 8601.", TEXT),
    "limit": ("Rows of a page.", WHOLE | {"minimum": 1, "maximum": 10_000}),
    "offset": ("Rows before the page.", WHOLE | {"minimum": 0}),
    "uri": ("An identifier: doi:, ivo://, bibcode:, tns:, gcn:, atel:, arxiv:, https:// or fink:.", TEXT),
    "order": ("priority, or value: by what an observation would tell.", {"enum": ["priority", "value"]}),
    "instrument": ("For order=value.", {"enum": list(INSTRUMENTS)}),
    "site": ("Where from.", {"enum": list(SITES)}),
    "night": ("Which night; tonight without it.", NIGHT),
    "evidence": ("spectroscopic, human, machine; with commas.", TEXT),
    "since": ("Labels from then on; ISO 8601.", TEXT),
    "format": ("What the answer is written in.", TEXT),
    "reason": ("Kept beside the decision.", TEXT),
    "idempotency_key": ("The same key again adds nothing.", TEXT),
    "ra": ("Right ascension, degrees.", NUMBER | {"minimum": 0, "exclusiveMaximum": 360}),
    "dec": ("Declination, degrees.", NUMBER | {"minimum": -90, "maximum": 90}),
    "max_airmass": ("Limit, 2 without it.", NUMBER),
    "min_moon_deg": ("Limit, 30 without it.", NUMBER),
}
WISH = {
    "survey": "ztf", "object_id": "ZTF21acoshvy", "ra": 49.1551, "dec": 44.1449, "body": {
        "facility": "lco", "night": "2026-01-20", "observation": {"instrument_type": "spectrum"},
    },
}  # fmt: skip
REPORT = {"survey": "ztf", "object_id": "ZTF21acoshvy", "service": "tns-sandbox", "what": "discovery"}
COMMENT = {"kind": "comment", "survey": "ztf", "object_id": "ZTF21acoshvy", "body": {"text": "rises like one"}}
UPLOAD = "ra,dec,radius,label\n49.1551,44.1449,2,mine\n"


def asked_with(*names: str, **examples: Any) -> Told:
    """Return what is said of a route that is asked with these parameters."""
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "description": QUERY[name][0], "schema": QUERY[name][1],
             **({"example": examples[name]} if name in examples else {})}
            for name in names
        ]
    }  # fmt: skip


def statement_sent() -> Told:
    """Return what is said of a route that takes statements."""
    one = inlined(Draft)
    schema = {"oneOf": [one, {"type": "array", "items": one, "minItems": 1}]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": COMMENT}}}}


def wish_sent() -> Told:
    """Return what is said of a route that takes a request for an observation."""
    needed = ["survey", "object_id", "ra", "dec", "body"]
    schema = {"type": "object", "required": needed, "properties": {
        "survey": TEXT, "object_id": TEXT, "ra": NUMBER, "dec": NUMBER, "visibility": TEXT, "body": {"type": "object"},
    }}  # fmt: skip
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": WISH}}}}


def report_sent() -> Told:
    """Return what is said of a route that takes a report."""
    content = {"application/json": {"schema": inlined(ReportWish), "example": REPORT}}
    return {"requestBody": {"required": True, "content": content}}


def file_sent(*names: str) -> Told:
    """Return what is said of a route that takes a file beside these parameters."""
    content = {"text/csv": {"schema": TEXT, "example": UPLOAD}, "application/octet-stream": {"schema": TEXT}}
    return {**asked_with(*names), "requestBody": {"required": True, "content": content}}
