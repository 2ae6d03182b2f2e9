"""Catalogues of VizieR become files of the folder: whole or not at all, and as any other file is read."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyarrow.parquet as pq
import pytest

from fink_lib.catalogs import KNOWN, load_catalog
from fink_lib.catalogs.angles import sexagesimal as read_angle
from fink_lib.catalogs.vizier import DECLARED, Vizier, fetch, sexagesimal
from fink_lib.cli.catalogs import from_vizier
from fink_lib.config import Settings
from fink_lib.errors import CatalogUnavailable, ConfigError

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">
<INFO ID="VERSION" name="votable-version" value="1.99+"/>
<RESOURCE ID="yCat_34340210"><COOSYS ID="J2000" system="eq_FK5" equinox="J2000"/>
"""
TABLE = """<TABLE ID="t" name="{table}">
<FIELD name="_RAJ2000" datatype="double" unit="deg" ucd="pos.eq.ra"/>
<FIELD name="_DEJ2000" datatype="double" unit="deg" ucd="pos.eq.dec"/>
<FIELD name="{label}" datatype="char" arraysize="*"/>
<FIELD name="{extra}" datatype="double"/>
<DATA><TABLEDATA>
<TR><TD>10.5</TD><TD>-0.5</TD><TD>EW   </TD><TD>2.5</TD></TR>
<TR><TD>200.25</TD><TD>60.125</TD><TD>RRAB</TD><TD/></TR>
</TABLEDATA></DATA></TABLE>
"""
FOOT = "</RESOURCE></VOTABLE>\n"


class Service(ThreadingHTTPServer):
    """Stands for VizieR."""

    mood: str = "well"
    questions: list[dict[str, list[str]]]


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        self.server.questions.append(query)
        label, *extra = query["-out"]
        body = HEAD + TABLE.format(table=query["-source"][0], label=label, extra=(*extra, "other")[0]) + FOOT
        if self.server.mood == "no such table":
            body = HEAD + '<INFO name="Error" value="No table was found"/>' + FOOT
        if self.server.mood == "cut":
            body = body[: len(body) // 2]
        if self.server.mood == "other columns":
            body = body.replace(f'name="{label}"', 'name="strange"')
        self.send_response(503 if self.server.mood == "broken" else 200)
        self.send_header("Content-Type", "text/xml")
        self.end_headers()
        for part in [body[i : i + 40] for i in range(0, len(body), 40)] if self.server.mood == "dripping" else [body]:
            try:
                self.wfile.write(part.encode())
                self.wfile.flush()
            except ConnectionError:
                return
            if self.server.mood == "dripping":
                threading.Event().wait(0.1)

    def log_message(self, *_: Any) -> None:
        """Keep the console quiet."""


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service(("127.0.0.1", 0), Handler)
    server.questions = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def vizier(service: Service, **changes: Any) -> Vizier:
    return Vizier(**({"url": f"http://127.0.0.1:{service.server_address[1]}/viz-bin/votable"} | changes))


@pytest.mark.parametrize("name", ["gcvs", "vsx", "spicy"])
def test_a_declared_catalogue_is_fetched_and_loaded_as_a_file_is(name: str, service: Service, tmp_path: Path) -> None:
    path = fetch(KNOWN[name], DECLARED, tmp_path / "catalogs", vizier(service))
    assert path.name == KNOWN[name].file_names[0]
    assert service.questions[0]["-source"] == [KNOWN[name].vizier]
    assert service.questions[0]["-out.max"] == ["unlimited"]
    catalog = load_catalog(name, tmp_path / "cache", tmp_path / "catalogs")
    rows, separation = catalog.nearest(np.array([10.5, 200.25]), np.array([-0.5, 60.125]))
    assert catalog.label_of(rows, "").tolist() == ["EW", "RRAB"]
    np.testing.assert_allclose(separation, 0.0, atol=1e-6)
    assert catalog.facts.version == f"file {path.name}"
    assert [each.name for each in path.parent.iterdir()] == [path.name]  # no scratch file is left


def test_a_table_may_be_named_and_a_sexagesimal_csv_is_written_as_such(service: Service, tmp_path: Path) -> None:
    fetch(KNOWN["magnetic_cv"], "J/MNRAS/0/0/table", tmp_path, vizier(service))
    assert service.questions[0]["-source"] == ["J/MNRAS/0/0/table"]
    catalog = load_catalog("magnetic_cv", tmp_path / "cache", tmp_path)
    rows, separation = catalog.nearest(np.array([10.5, 200.25]), np.array([-0.5, 60.125]))
    assert catalog.label_of(rows, "").tolist() == ["EW", "RRAB"]
    assert (separation < 0.01).all()


@pytest.mark.parametrize("mood", ["broken", "cut", "no such table", "dripping"])
def test_an_answer_that_is_none_leaves_the_old_file(mood: str, service: Service, tmp_path: Path) -> None:
    old = fetch(KNOWN["gcvs"], DECLARED, tmp_path, vizier(service)).read_bytes()
    service.mood = mood
    started = time.monotonic()
    with pytest.raises(CatalogUnavailable, match="VizieR"):
        fetch(KNOWN["gcvs"], DECLARED, tmp_path, vizier(service, timeout_s=0.5 if mood == "dripping" else 10.0))
    assert time.monotonic() - started < 10.0
    assert (tmp_path / "gcvs.parquet").read_bytes() == old
    assert [each.name for each in tmp_path.iterdir()] == ["gcvs.parquet"]


def test_without_a_network_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogUnavailable, match=r"did not answer in 2 attempts.*FINK_CATALOGS"):
        fetch(KNOWN["gcvs"], DECLARED, tmp_path, Vizier(url="http://127.0.0.1:9/", timeout_s=5.0))
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_fetched_is_said_before_anything_is_asked(service: Service, tmp_path: Path) -> None:
    for name, table, folder, why in (
        ("tde", DECLARED, tmp_path, "no table of VizieR is declared"),
        ("gcvs", DECLARED, None, "FINK_CATALOGS"),
        ("4lac", "J/ApJS/263/24", tmp_path, "not written from VizieR"),
    ):
        with pytest.raises(ConfigError, match=why):
            fetch(KNOWN[name], table, folder, vizier(service))
    assert service.questions == []
    service.mood = "other columns"
    with pytest.raises(ConfigError, match="has no column 'VarType'"):
        fetch(KNOWN["gcvs"], DECLARED, tmp_path, vizier(service))


def test_the_command_names_one_catalogue(service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings, url = Settings(home=tmp_path / "home", catalogs=tmp_path / "c"), vizier(service).url
    for names in ([], ["gcvs", "vsx"], ["tarot"]):
        with pytest.raises(ConfigError, match="name one catalogue"):
            from_vizier(names, DECLARED, settings, url)
    from_vizier(["spicy"], DECLARED, settings, url)
    assert "spicy.parquet" in capsys.readouterr().out
    assert pq.read_table(tmp_path / "c" / "spicy.parquet").column_names == ["RAdeg", "DEdeg", "class"]


@pytest.mark.parametrize("angle", [0.0, -0.0001, 12.5, -59.9999999, 359.99999999, 23.999999999])
def test_angles_survive_the_way_through_a_file(angle: float) -> None:
    assert read_angle(sexagesimal(angle)) == pytest.approx(angle, abs=2e-7)
    assert "60.000" not in sexagesimal(angle)
