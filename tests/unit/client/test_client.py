"""The client: astropy tables out of a real server's answers."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
import uvicorn
from astropy.coordinates import SkyCoord
from astropy.table import Table, vstack

from fink_lib.api.http.app import make_app
from fink_lib.api.lake import Lake
from fink_lib.client import ApiError, Fink
from fink_lib.config import Settings
from fink_lib.host.ports import free_ports
from tests.builders.packet_rows import sample_packets
from tests.builders.served_home import NIGHT, ZTF, arrive, serve


@pytest.fixture(scope="module")
def packets(settings_of_module: Settings) -> list[dict]:  # type: ignore[type-arg]
    found = sample_packets(12)
    arrive(settings_of_module, found)
    serve(settings_of_module, NIGHT)
    return found


@pytest.fixture(scope="module")
def settings_of_module(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("client") / "home")


@pytest.fixture(scope="module")
def fink(settings_of_module: Settings, packets: list[dict]) -> Iterator[Fink]:  # type: ignore[type-arg]
    (port,) = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(make_app(Lake(settings_of_module, [ZTF])), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    with Fink(f"http://127.0.0.1:{port}") as client:
        yield client
    server.should_exit = True
    thread.join()


def test_a_light_curve_is_a_table(fink: Fink, packets: list[dict]) -> None:  # type: ignore[type-arg]
    curve = fink.sources(packets[0]["objectId"], columns=["i:candid", "i:jd", "d:tns", "v:lastdate"])
    assert packets[0]["candid"] in curve["i:candid"].tolist(), "64-bit ids are exact"
    assert curve["i:candid"].dtype == np.int64
    assert curve["d:tns"].mask.all()
    assert curve["v:lastdate"].dtype.kind == "M"
    assert curve.meta["version"] is not None


def test_around_a_place_and_of_a_list(fink: Fink, packets: list[dict]) -> None:  # type: ignore[type-arg]
    at = packets[1]["candidate"]
    near = fink.cone(SkyCoord(at["ra"], at["dec"], unit="deg"), 2.0, columns="i:objectId")
    assert near["i:objectId"][0] == packets[1]["objectId"]
    mine = fink.crossmatch(Table({"ra": [at["ra"], 0.0], "dec": [at["dec"], 0.0]}), 2.0, columns="i:objectId")
    assert set(mine["row"]) == {0}


def test_pages_are_all(fink: Fink, packets: list[dict]) -> None:  # type: ignore[type-arg]
    whole = vstack(list(fink.pages("latests", 5, columns="i:candid")), metadata_conflicts="silent")
    assert sorted(whole["i:candid"]) == sorted(one["candid"] for one in packets)


def test_facts_and_cutouts(fink: Fink, packets: list[dict]) -> None:  # type: ignore[type-arg]
    assert sum(fink.classes().values()) == len(packets)
    assert fink.schema()["i:magpsf"]["unit"] == "mag"
    assert fink.cutout(packets[0]["candid"]).shape == (63, 63)
    assert len(fink.latest("RRLyr", n=2)) == 2


def test_what_is_refused_says_what_to_do(fink: Fink) -> None:
    with pytest.raises(ApiError, match="did you mean i:magpsf") as caught:
        fink.sources("ZTF21acoshvy", columns="i:magps")
    assert (caught.value.status, caught.value.parameter, caught.value.value) == (400, "columns", "i:magps")
