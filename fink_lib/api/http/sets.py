"""Citable sets: a question with the version of the table that it was put to, under a name; asked again, the same bytes.

A set is of public rows of closed nights, in the columns of `sources`: that table alone has versions that stay. Its file
is kept beside, since files of old versions are vacuumed one day.
"""

import datetime as dt
import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from fink_lib import __version__
from fink_lib.accounts.asking import asked_by
from fink_lib.accounts.claims import ANONYMOUS
from fink_lib.api.http.answers import LONGEST_PAGE, NEXT
from fink_lib.api.http.errors import Refused
from fink_lib.api.http.formats import Format
from fink_lib.api.http.parameters import understood
from fink_lib.api.http.routes import ROUTES
from fink_lib.api.http.service import Service
from fink_lib.files import replace_text, to_json

FOLDER, NAME = "sets", re.compile(r"[0-9a-f]{16}")
CITED = ("sources", "conesearch", "latests", "sso")
FIXED = ("output-format", "version", "as_of", "ids", "survey")
LONGEST_TITLE = 200


@dataclass(frozen=True)
class Question:
    """A route and its parameters, put to a version of ``gold_<survey>__sources``."""

    survey: str
    route: str
    parameters: dict[str, str]
    version: int


@dataclass(frozen=True)
class CitedSet:
    """One set.

    Attributes
    ----------
    name
        Digest of the question and the version: the same question to the same version is the same set.
    title, author, made_at
        What it is, by whom, and when.
    survey, route, parameters
        The question.
    version
        Of `gold_<survey>__sources`.
    code_version
        Code that answered it first.
    rows, size, sha256
        Of its file, CSV.
    """

    name: str
    title: str
    author: str
    made_at: str
    survey: str
    route: str
    parameters: dict[str, str]
    version: int
    code_version: str
    rows: int
    size: int
    sha256: str

    @property
    def question(self) -> Question:
        """What was asked."""
        return Question(self.survey, self.route, self.parameters, self.version)


def make_set(service: Service, request: Request, said: dict[str, str], author: str) -> CitedSet:
    """Ask a question, and keep it with the version that it was put to and its answer.

    Parameters
    ----------
    service, request
        What answers, and the request that asks for it.
    said
        ``route``, ``title``, ``survey``, and the parameters of the route.
    author
        Who makes it.

    Raises
    ------
    Refused
        When no such question can be cited.
    """
    parameters = {
        name: value for name, value in sorted(said.items()) if value and name not in (*FIXED, "route", "title")
    }
    route, title = said.get("route", ""), " ".join(said.get("title", "").split())
    if route not in CITED:
        raise Refused(f"'{route}' cannot be cited", parameter="route", value=route, fix=f"one of {', '.join(CITED)}")
    if not title or len(title) > LONGEST_TITLE:
        raise Refused("a set needs a title", parameter="title", fix=f"1 to {LONGEST_TITLE} characters")
    with asked_by(ANONYMOUS):
        survey = service.survey(said.get("survey") or None).name
        version = service.lake.surveys[survey].now().version
    if version is None:
        raise Refused(f"no night of {survey} was closed yet: there is no version to cite", parameter="survey")
    question = Question(survey, route, parameters, version)
    name = hashlib.sha256(to_json(asdict(question)).encode()).hexdigest()[:16]
    folder = service.lake.settings.home / FOLDER
    if (folder / f"{name}.json").exists():
        return read_set(service.lake.settings.home, name)
    text = run(service, request, question)
    made = CitedSet(
        name, title, author, dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), survey, route, parameters, version,
        __version__, max(text.count(b"\n") - 1, 0), len(text), hashlib.sha256(text).hexdigest(),
    )  # fmt: skip
    replace_text(folder / f"{name}.csv", text.decode(), durable=True)
    replace_text(folder / f"{name}.json", to_json(asdict(made)), durable=True)
    return made


def run(service: Service, request: Request, question: Question) -> bytes:
    """Return the answer of a question to a version, as CSV.

    Parameters
    ----------
    service
        Asked as nobody in particular: a set holds public rows alone.
    request
        Its address is what the answer's links begin with; its headers are left out.
    question
        Route, parameters, survey and version.

    Raises
    ------
    Refused
        When it cannot be answered, has more rows than a page, or columns that no version keeps.
    """
    chosen = next(one for one in ROUTES if one.name == question.route)
    fixed = {"survey": question.survey, "version": question.version, "output-format": Format.CSV}
    asked: Any = understood(chosen.model, {"limit": LONGEST_PAGE, **question.parameters, **fixed})
    plain = Request({**request.scope, "headers": []})
    with asked_by(ANONYMOUS):
        snapshot = service.snapshot(asked)
        if wide := [name for name in service.columns(snapshot, asked.columns) if snapshot.names.places[name].wide]:
            raise Refused(f"the column '{wide[0]}' has no version that stays", parameter="columns", value=wide[0],
                          fix="choose among those of `sources` in /api/v1/schema")  # fmt: skip
        answer = chosen.answer(service, plain, asked)
    if isinstance(answer, StreamingResponse) or ("limit" not in question.parameters and NEXT in answer.headers):
        raise Refused(f"the question has more than {LONGEST_PAGE} rows, the most of a set", parameter="limit",
                      fix="ask for a smaller part of the sky, or for fewer nights")  # fmt: skip
    return bytes(answer.body)


def read_set(home: Path, name: str) -> CitedSet:
    """Return a set.

    Parameters
    ----------
    home
        Folder of the broker's own files.
    name
        As somebody gave it.

    Raises
    ------
    Refused
        When there is none of that name.
    """
    path = home / FOLDER / f"{name}.json"
    if not NAME.fullmatch(name) or not path.is_file():
        raise Refused(f"there is no set '{name}'", parameter="name", value=name, status=404)
    return CitedSet(**json.loads(path.read_text()))
