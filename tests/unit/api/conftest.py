"""One home of real alerts for all tests of the API that only read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.testclient import TestClient

from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.config import Settings
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, OPEN_NIGHT, PRIVATE, ZTF, arrive, later, serve

COUNT = 40


@dataclass(frozen=True)
class Home:
    """A home, what is in it, and who answers.

    Attributes
    ----------
    settings
        Of the home.
    closed, live, private
        Packets of the closed night, of the open one, and those that nobody may see.
    http
        A client of the application.
    """

    settings: Settings
    closed: list[dict[str, Any]]
    live: list[dict[str, Any]]
    private: list[dict[str, Any]]
    http: TestClient

    def get(self, route: str, **parameters: Any) -> Any:
        """Return the JSON of a route that must answer."""
        answer = self.http.get(f"/api/v1/{route}", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    settings = Settings(home=tmp_path_factory.mktemp("api") / "home")
    closed = sample_packets(COUNT)
    private = [later(closed[0], 0, programid=PRIVATE), later(closed[6], 1, programid=PRIVATE)]
    private[0] |= {"candid": 7, "objectId": "ZTF21secrets"}
    private[0]["candidate"]["candid"] = 7
    live = [later(one, 1) for one in closed[:5]]
    arrive(settings, [*closed, private[0]])
    serve(settings, NIGHT)
    arrive(settings, [*live, private[1]], first=1000)
    assert {ZTF.night.night_of(one["candidate"]["jd"]) for one in live} == {OPEN_NIGHT}
    with TestClient(make_app(Lake(settings, [ZTF]))) as http:
        yield Home(settings, closed, live, private, http)
