"""The OpenAPI document: every example answers, the version is that of the code, and no request makes it fail."""

import contextlib
import os
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from starlette.routing import Route
from starlette.testclient import TestClient

from fink_lib import __version__
from fink_lib.accounts import people, tokens
from fink_lib.accounts.claims import Scope
from fink_lib.config import Settings
from fink_lib.portal.server import whole_app
from fink_lib.user_jobs import asking, topics
from fink_lib.user_jobs.record import RIGHT
from tests.unit.api.conftest import Home
from tests.unit.api.kept_of_people import Kept

EXAMPLES = int(os.environ.get("FINK_TEST_API_EXAMPLES", "4"))  # a longer form looks for what is rare

PERSON = "anna"
GOOD = (200, 201)
FACILITY = '[[facility]]\nfacility = "lco"\nprovider = "ocs"\naddress = "http://127.0.0.1:9"\nsite = "siding-spring"\n'
SERVICE = """[[service]]
service = "tns-sandbox"
provider = "tns"
address = "http://127.0.0.1:9"
token = "t"
bot_id = 7
bot_name = "bot"
group_id = "9"
reporter = "A group"
"""
JOB = "/tap/async/{job}"
ACCOUNT = "/api/v1/tables/account"


@pytest.fixture(scope="module")
def wide(home: Home) -> Settings:
    """The settings of the home, with facilities that can be asked and without quotas that a test would use up."""
    facilities = home.settings.home / "facilities.toml"
    facilities.write_text(FACILITY + SERVICE)
    most = dict.fromkeys(("api_requests_per_minute", "api_mb_per_day", "user_jobs_per_person"), 10**6)
    return home.settings.model_copy(update={**most, "facilities": facilities})


@pytest.fixture(scope="module")
def whole(wide: Settings) -> Iterator[TestClient]:
    """Everything that the process of the API answers with, asked by somebody who may write and run jobs."""
    app = whole_app(wide)
    store = app.state.accounts
    people.add(store, PERSON)
    people.grant(store, people.PERSON, PERSON, RIGHT)
    secret = tokens.add(store, PERSON, "t", days=1, scopes=(Scope.READ, Scope.WRITE), rights=[RIGHT])
    with pytest.MonkeyPatch.context() as patched, TestClient(app) as http:
        patched.setattr(asking, "start", lambda _settings: None)  # there is no Airflow
        patched.setattr(asking, "bubblewrap", lambda: "bwrap")  # nothing is run
        patched.setattr(topics, "done", lambda *_: "{}")  # there is no Kafka
        http.headers["Authorization"] = f"Bearer {secret}"
        yield http


@pytest.fixture(scope="module")
def document(whole: TestClient) -> dict:  # type: ignore[type-arg]
    return whole.get("/openapi.json").json()


def test_it_names_every_route_and_no_other(whole: TestClient, document: dict) -> None:  # type: ignore[type-arg]
    """Routes that FastAPI does not know by itself are told by hand: what is told is there, what is there is told."""
    there = {one.path for one in whole.app.routes if isinstance(one, Route)}  # type: ignore[attr-defined]
    assert set(document["paths"]) - there == set()
    programs = {path for path in there if path.startswith(("/api/v1/", "/tap/s", "/tap/async", "/scs", "/moc"))}
    untold = programs - set(document["paths"])
    assert untold == {f"{JOB}/{name}" for name in ("owner", "quote")} | {"/scs/{survey}/{table}/availability"}
    community = [path for path in document["paths"] if path.startswith("/api/v1/community/")]
    assert len(community) >= 15
    of_people = [path for path in document["paths"] if path.startswith(("/api/v1/jobs", "/api/v1/tables"))]
    assert len(of_people) >= 10


def test_it_says_which_version(document: dict) -> None:  # type: ignore[type-arg]
    assert document["info"]["version"] == __version__
    assert document["openapi"].startswith("3.1")
    names = {path.rpartition("/")[2] for path in document["paths"]}
    assert {"objects", "sources", "conesearch", "cutouts", "latests", "classes", "tags", "statistics"} <= names
    assert {"schema", "resolver", "sso", "tracklet", "crossmatch", "health"} <= names


def expected(path: str, method: str) -> tuple[int, ...]:
    """Return how an example may be answered."""
    if path.startswith(JOB):
        return (404,)  # there is none of this name
    return (403,) if (path, method) == (ACCOUNT, "post") else GOOD  # whoever asks by a token gets no account in Kafka


def test_every_example_answers(home: Home, whole: TestClient, document: dict) -> None:  # type: ignore[type-arg]
    name = home.closed[0]["objectId"]  # the examples are of the whole sample night; the home has some of it
    brighter = next(one["objectId"] for one in home.closed if one["candidate"]["isdiffpos"] in {"t", "1"})
    tried = 0
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            if any("example" not in one for one in told.get("parameters", ()) if one["in"] == "path"):
                continue  # it is about something that somebody has to make first
            examples = {one["name"]: one["example"] for one in told.get("parameters", ()) if "example" in one}
            inside = {name: value for name, value in examples.items() if f"{{{name}}}" in path}
            asked = {name: value for name, value in examples.items() if name not in inside}
            body = told.get("requestBody", {}).get("content", {})
            said = next((one.get("example") for one in body.values()), None)
            if path.endswith("cutouts"):
                asked, said = ({**part, "objectId": name} if part else part for part in (asked, said))
            if path.endswith("packet"):
                alert = {"alert": home.closed[0]["candid"]}
                asked, said = (alert if part else part for part in (asked, said))
            if path.endswith("community/reports") and said:
                said |= {"object_id": brighter}
            form = "data" if "application/x-www-form-urlencoded" in body else "json"
            kind = {"content": said} if isinstance(said, str) else {form: said} if said is not None else {}
            answer = whole.request(method.upper(), path.format(**inside), params=asked, **kind)
            assert answer.status_code in expected(path, method), (path, method, answer.text[:300])
            tried += 1
    assert tried >= 40


def test_the_page_of_routes_needs_no_other_host(whole: TestClient, document: dict) -> None:  # type: ignore[type-arg]
    page = whole.get("/docs").text
    assert "//" not in page
    names = {path if "{" in path else path.rpartition("/")[2] for path in document["paths"]}
    assert {name for name in names if name not in page} == set()


@pytest.mark.filterwarnings("ignore")
def test_no_request_makes_it_fail(whole: TestClient, document: dict, wide: Settings) -> None:  # type: ignore[type-arg]
    """Requests that the document allows, and such as it does not, a few of each route; none ends with a 5xx.

    Routes of jobs and tables of people are asked for such as are there, too.
    """
    schema = schemathesis.openapi.from_dict(document)
    few = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    tried, kept = 0, Kept(wide, PERSON)
    for result in schema.get_all_operations():
        operation = result.ok()

        def ask(case: schemathesis.Case) -> None:
            nonlocal tried
            asked = case.as_transport_kwargs(base_url="http://testserver")
            told = {name: asked[name] for name in ("params", "json", "data", "headers") if asked.get(name) is not None}
            if isinstance(told.get("data"), str | bytes):
                told["content"] = told.pop("data")
            for url in (asked["url"], *kept.addresses(case.operation.path)):
                answer = whole.request(asked["method"], url, **told)
                tried += 1
                assert answer.status_code < 500, (asked, url, answer.text[:500])

        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            with contextlib.suppress(Unsatisfiable):  # nothing can be wrong with a route that is asked nothing
                few(given(case=operation.as_strategy(generation_mode=mode))(ask))()
    assert tried > 300
