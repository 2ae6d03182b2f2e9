"""What a filter of a restricted topic sent, and that there is such a filter, is for those who may read the topic."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from fink_lib.accounts import people, tokens
from fink_lib.accounts.store import Store
from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import gold_published
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, ZTF, arrive, serve

FILTER, TOPIC, OTHER = "sn_candidates", "fink_sn_candidates_ztf", "unknowns"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("topics") / "home", restricted_topics=TOPIC)
    packets = sample_packets(2)
    arrive(settings, packets)
    serve(settings, NIGHT)
    sent = [{"night": NIGHT, "alert_id": packets[0]["candid"], "object_id": packets[0]["objectId"], "filter": name}
            for name in (FILTER, OTHER)]  # fmt: skip
    append_rows(gold_published("ztf"), settings.lake, sent)
    store = Store(settings.home)
    people.add(store, "ada")
    people.grant(store, people.PERSON, "ada", f"topic:{TOPIC}")
    return settings


@pytest.fixture(scope="module")
def http(home: Settings) -> Iterator[TestClient]:
    with TestClient(make_app(Lake(home, [ZTF]))) as client:
        yield client


@pytest.fixture(scope="module")
def known(home: Settings) -> dict[str, str]:
    token = tokens.add(Store(home.home), "ada", "topic", days=1, rights=[f"topic:{TOPIC}"])
    return {"Authorization": f"Bearer {token}"}


def test_others_are_told_of_no_such_filter(http: TestClient) -> None:
    listed = http.get("/api/v1/tags").json()
    assert OTHER in listed
    assert FILTER not in listed
    assert http.get("/api/v1/tags", params={"tag": OTHER}).status_code == 200
    hidden, unknown = (http.get("/api/v1/tags", params={"tag": name}) for name in (FILTER, "no_such_filter"))
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.text.replace(FILTER, "no_such_filter") == unknown.text


def test_who_may_read_the_topic_sees_both(http: TestClient, known: dict[str, str]) -> None:
    assert FILTER in http.get("/api/v1/tags", headers=known).json()
    answer = http.get("/api/v1/tags", params={"tag": FILTER}, headers=known)
    assert answer.status_code == 200
    assert len(answer.json()) == 1
