"""One home of real alerts and its server, for all tests of the VO services that only read."""

from collections.abc import Iterator

import pytest
from vo_server import SECRET, Served, running

from fink_lib.config import Settings
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, PRIVATE, arrive, later, serve

COUNT = 40


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = Settings(home=tmp_path_factory.mktemp("vo") / "home")
    closed = sample_packets(COUNT)
    secret = later(closed[0], 0, programid=PRIVATE) | {"candid": SECRET, "objectId": "ZTF21secrets"}
    secret["candidate"]["candid"] = SECRET
    live = [later(one, 1) for one in closed[:5]]
    arrive(settings, [*closed, secret])
    serve(settings, NIGHT)
    arrive(settings, [*live, later(secret, 1, programid=PRIVATE)], first=1000)
    with running(settings) as url:
        yield Served(settings, url, [*closed, *live])
