"""Filters of others: found and called as they are, with nothing but what they ask for, and fenced off."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fink_lib.compare_fink.filter_causes import Side
from fink_lib.compare_fink.side_by_side import columns_for, pairs_of, run_pairs
from fink_lib.errors import ConfigError
from fink_lib.filters.base import Filter
from fink_lib.filters.conditions import below, equals
from fink_lib.filters.upstream.binding import arguments, paths_of
from fink_lib.filters.upstream.loader import Plugin, load_plugins
from fink_lib.filters.upstream.sandbox import fenced

PACKAGE = "filters_of_somebody"
MODULES = {
    "known": "import pandas as pd\ndef known(roid) -> pd.Series:\n    print('told')\n    return roid == 3\n",
    "wrapped": (
        "class Udf:\n    def __init__(self, func):\n        self.func = func\n"
        "def plain(magpsf, cjdc):\n    return (magpsf < 18) & (cjdc.apply(len) > 1)\nwrapped = Udf(plain)\n"
    ),
    "broken": "import a_package_that_nobody_has\ndef broken(roid):\n    return roid\n",
    "posting": (
        "import os, urllib.request\ndef posting(roid):\n"
        "    urllib.request.urlopen('http://127.0.0.1:9/' + os.environ['FINK_TG_TOKEN'])\n"
    ),
    "slow": "from line_profiler import profile\n@profile\ndef slow(roid):\n    return roid > 0\n",
}
ALERTS = pa.table(
    {
        "alert_id": pa.array([1, 2, 3], pa.int64()),
        "roid": pa.array([3, 0, None], pa.int32()),
        "candidate.magpsf": pa.array([17.0, 17.5, 19.0], pa.float32()),
        "candidate.jd": [10.0, 11.0, 12.0],
        "prv_candidates.jd": [[8.0, 9.0], None, [11.5]],
    }
)


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Plugin]]:
    """Return the filters of a package laid out as fink-filters is."""
    live = tmp_path / PACKAGE / "ztf" / "livestream"
    for name, text in MODULES.items():
        folder = live / f"filter_{name}"
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
        (folder / "filter.py").write_text(text)
    for folder in (live, live.parent, live.parent.parent):
        (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    yield {one.name: one for one in load_plugins("ztf", PACKAGE)}
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


def test_plain_and_wrapped_functions_are_called_with_arguments_by_name(
    plugins: dict[str, Plugin], capsys: pytest.CaptureFixture[str]
) -> None:
    assert plugins["known"].parameters == ("roid",)
    assert plugins["wrapped"].parameters == ("magpsf", "cjdc")
    for name, expected in (("known", [1, 0, 0]), ("wrapped", [1, 0, 0]), ("slow", [1, 0, 0])):
        chosen = plugins[name]
        assert chosen.select(arguments(chosen.parameters, ALERTS, "ztf"), 3).tolist() == expected
    assert capsys.readouterr().out == ""


def test_one_that_cannot_be_loaded_says_why_and_the_others_go_on(plugins: dict[str, Plugin]) -> None:
    assert plugins["broken"].error == "ModuleNotFoundError: No module named 'a_package_that_nobody_has'"
    with pytest.raises(ConfigError, match="plug-in 'broken' is not loaded"):
        plugins["broken"].select({}, 3)


def test_nothing_is_sent_from_inside_the_fence(plugins: dict[str, Plugin], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINK_TG_TOKEN", "secret")
    with pytest.raises(KeyError, match="FINK_TG_TOKEN"):
        plugins["posting"].select({"roid": None}, 3)
    with fenced(), pytest.raises(ConnectionRefusedError, match="fenced"), socket.socket() as line:
        line.connect(("127.0.0.1", 9))
    with fenced(), pytest.raises(socket.gaierror, match="fenced"):
        socket.create_connection(("localhost", 9))


def test_outside_the_fence_all_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KNWEBHOOK", "secret")
    before = (socket.getaddrinfo, socket.socket.connect, set(sys.modules), dict(os.environ))
    with fenced():
        assert "KNWEBHOOK" not in os.environ
    assert (socket.getaddrinfo, socket.socket.connect, set(sys.modules), dict(os.environ)) == before


def test_an_answer_that_is_not_one_yes_or_no_an_alert_is_refused() -> None:
    def answering(answer: object) -> Plugin:
        return Plugin("odd", (), lambda: answer)

    assert answering([True, None, float("nan")]).select({}, 3).tolist() == [True, False, False]
    with pytest.raises(TypeError, match="answered 'yes'"):
        answering(["yes", True, False]).select({}, 3)
    with pytest.raises(ValueError, match="for 3 alerts"):
        answering([True]).select({}, 3)


def test_a_package_that_is_not_there_is_named_with_the_way_to_get_it() -> None:
    with pytest.raises(ConfigError, match="uv sync --group plugins"):
        load_plugins("ztf", "no_such_package")


def test_arguments_are_what_spark_hands_over() -> None:
    names = ("cjdc", "cmagpsfc", "roid", "cdsxmatch", "tns", "objectId")
    given = arguments(names, ALERTS, "ztf")
    assert [row.tolist() for row in given["cjdc"]] == [[8.0, 9.0, 10.0], [11.0], [11.5, 12.0]]
    assert np.isnan(given["cmagpsfc"][2][:-1]).all()
    assert given["roid"].tolist() == [3, 0, 0]
    assert given["cdsxmatch"].tolist() == ["Fail"] * 3  # nobody asked: what Fink writes during an outage
    assert given["tns"].tolist() == [""] * 3
    assert paths_of(("cjdc", "roid"), "ztf") == ("candidate.jd", "prv_candidates.jd", "roid")
    with pytest.raises(ConfigError, match="no column for the argument 'spin'"):
        arguments(("spin",), ALERTS, "ztf")


def test_a_record_and_an_array_of_records_keep_their_fields() -> None:
    table = pa.table(
        {
            "diaSource.psfFlux": [1.0, 2.0],
            "diaSource.isDipole": [True, None],
            "prvDiaSources.band": [["g", "r"], None],
            "prvDiaSources.midpointMjdTai": [[1.0, 2.0], None],
            "diaSource.midpointMjdTai": [3.0, 3.0],
        }
    )
    given = arguments(("diaSource", "prvDiaSources", "firstDiaSourceMjdTaiFink"), table, "lsst")
    assert given["diaSource"]["isDipole"].tolist() == [True, False]
    assert given["prvDiaSources"][0][1]["band"] == "r"
    assert given["prvDiaSources"][1] is None
    assert given["firstDiaSourceMjdTaiFink"].tolist() == [1.0, 3.0]


def ours(name: str, *clauses: object) -> Filter:
    return Filter(name, "1.0", "ztf", clauses, "For a test.", "To see it.", "tests", "none")  # type: ignore[arg-type]  # clauses


def test_both_sides_are_laid_side_by_side_and_what_is_not_known_is_said(plugins: dict[str, Plugin]) -> None:
    filters = [
        ours("known", equals("roid", 0)),
        ours("wrapped", below("candidate.magpsf", 18)),
        ours("posting", equals("roid", 3)),
        ours("alone", equals("no_such_column", 1)),
    ]
    pairs = {pair.name: pair for pair in pairs_of(filters, list(plugins.values()))}
    assert "candidate.magpsf" in columns_for(pairs.values(), "ztf")
    assert run_pairs(list(pairs.values()), [ALERTS], "ztf") == 3
    known = pairs["known"].as_dict()
    assert (known["ours"], known["theirs"], known["both"]) == (1, 1, 0)
    assert (known["only_ours"], known["only_theirs"]) == ([2], [1])
    assert known["causes"][1] == {"side": "theirs", "cause": "not explained: roid = 0", "alert_ids": [1]}
    assert pairs["wrapped"].only(Side.OURS) == [2]
    assert pairs["posting"].ours == [1]
    assert pairs["posting"].problems == ["Fink's raised KeyError: 'FINK_TG_TOKEN'"]
    assert pairs["broken"].problems[1].startswith("Fink's does not load: ModuleNotFoundError")
    assert pairs["alone"].problems == [
        "Fink has none of this name",
        "ours needs columns that are not there: no_such_column",
    ]
