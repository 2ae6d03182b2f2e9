"""What the OpenAPI document says of these services; their own standards say more (VOSI)."""

from typing import Any

from fink_lib.vo.tap.regext import FORMATS

Told = dict[str, Any]
TEXT, NUMBER = {"type": "string"}, {"type": "number"}
VOTABLE = "application/x-votable+xml"
WRONG = {"description": "What is wrong, as a VOTable", "content": {VOTABLE: {}}}
QUERY = "SELECT TOP 5 object_id, n_alerts FROM ztf.objects ORDER BY n_alerts DESC"
WHERE = {"survey": "ztf", "table": "objects", "job": "0" * 32}
ASKED: Told = {
    "QUERY": TEXT,
    "LANG": {"enum": ["ADQL", "ADQL-2.0", "ADQL-2.1"]},
    "MAXREC": {"type": "integer", "minimum": 0},
    "RESPONSEFORMAT": {"enum": [alias for alias, _ in FORMATS.values()]},
    "UPLOAD": TEXT,
}
FORM: Told = {
    "type": "object",
    "required": ["QUERY"],
    "properties": {**ASKED, "PHASE": {"enum": ["RUN", "ABORT"]}, "RUNID": TEXT},
}
CIRCLE = {
    "RA": NUMBER | {"minimum": 0, "maximum": 360}, "DEC": NUMBER | {"minimum": -90, "maximum": 90},
    "SR": NUMBER | {"minimum": 0, "maximum": 180}, "VERB": {"enum": [1, 2, 3]}, "MAXREC": {"type": "integer"},
}  # fmt: skip
PLACE = {"RA": 49.1551, "DEC": 44.1449, "SR": 0.01}


def _in_path(path: str) -> list[Told]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [
        {"name": one, "in": "path", "required": True, "schema": TEXT, "example": WHERE.get(one, "")} for one in names
    ]


def _operation(path: str, summary: str, query: Told | None = None, **examples: Any) -> Told:
    asked = [
        {"name": name, "in": "query", "required": False, "schema": kind,
         **({"example": examples[name]} if name in examples else {})}
        for name, kind in (query or {}).items()
    ]  # fmt: skip
    good = {"description": "The answer", "content": {VOTABLE: {}}}
    answers = {"200": good, "303": {"description": "Where it is"}, "400": WRONG, "404": WRONG, "413": WRONG}
    return {"summary": summary, "tags": ["Virtual Observatory"], "parameters": [*_in_path(path), *asked],
            "responses": answers}  # fmt: skip


def _sent(path: str, summary: str) -> Told:
    form = {"application/x-www-form-urlencoded": {"schema": FORM, "example": {"QUERY": QUERY, "LANG": "ADQL"}}}
    return {**_operation(path, summary), "requestBody": {"required": False, "content": form}}


def described() -> dict[str, Told]:
    """Return path → method → operation."""
    sync, jobs, job = "/tap/sync", "/tap/async", "/tap/async/{job}"
    scs, moc, links = "/scs/{survey}/{table}", "/moc/{survey}", "/datalink/{survey}/links"
    one_of_survey = {"night": TEXT, "order": {"type": "integer"}, "format": {"enum": ["fits", "json", "ascii"]}}
    return {
        sync: {"get": _operation(sync, "A query in ADQL, at once", ASKED, QUERY=QUERY, LANG="ADQL"),
               "post": _sent(sync, "A query in ADQL, at once")},
        jobs: {"get": _operation(jobs, "Jobs that anybody may see"), "post": _sent(jobs, "Make a job")},
        job: {"get": _operation(job, "A job", {"WAIT": NUMBER, "PHASE": TEXT}, WAIT=0),
              "post": _sent(job, "Change a job"), "delete": _operation(job, "Delete a job")},
        **{f"{job}/{part}": {"get": _operation(f"{job}/{part}", f"Of a job: {part}")}
           for part in ("phase", "parameters", "results", "error", "destruction", "executionduration",
                        "results/result")},
        scs: {"get": _operation(scs, "Objects or alerts in a circle (degrees)", CIRCLE, **PLACE)},
        moc: {"get": _operation(moc, "Where public alerts are", one_of_survey, order=6)},
        links: {"get": _operation(links, "What else there is of an alert", {"ID": TEXT})},
        **{path: {"get": _operation(path, "What the service says of itself")}
           for base in ("/tap", "/scs/{survey}/{table}") for path in (f"{base}/capabilities", f"{base}/tables")},
    }  # fmt: skip
