"""Simple Cone Search against astropy's separations, by pyvo, and its errors."""

import io
import re
import warnings
from typing import Any

import httpx
import numpy as np
import pytest
import pyvo
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse
from vo_server import SECRET, Served

ALL_SKY = {"RA": 10, "DEC": 20, "SR": 180}


def checked(content: bytes) -> Any:
    """Return the table of a VOTable that astropy finds nothing wrong with but UCD1, which this standard asks for."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        found = parse(io.BytesIO(content), verify="warn").get_first_table()
    assert [str(one.message) for one in told if "W06" not in str(one.message) or "_MAIN'" not in str(one.message)] == []
    return found


@pytest.mark.parametrize("table", ["sources", "objects"])
@pytest.mark.parametrize("verb", [1, 2, 3])
def test_answers_are_valid_and_name_what_the_standard_asks_for(served: Served, table: str, verb: int) -> None:
    answer = httpx.get(f"{served.url}/scs/ztf/{table}", params=ALL_SKY | {"VERB": verb})
    assert answer.headers["content-type"] == "application/x-votable+xml"
    found = checked(answer.content)
    words = [one.ucd for one in found.fields]
    for word, datatype in (("ID_MAIN", "char"), ("POS_EQ_RA_MAIN", "double"), ("POS_EQ_DEC_MAIN", "double")):
        (at,) = (number for number, one in enumerate(words) if one == word)
        assert found.fields[at].datatype == datatype
    names = {one.name for one in found.fields}
    assert ("magpsf" in names, "band" in names) == {1: (False, False), 2: (False, True), 3: (table == "sources", True)}[
        verb
    ]


def test_a_cone_holds_what_astropy_says(served: Served) -> None:
    places = SkyCoord([one["candidate"]["ra"] for one in served.public],
                      [one["candidate"]["dec"] for one in served.public], unit="deg")  # fmt: skip
    centre = places[3]
    radius = float(np.sort(places.separation(centre).deg)[12]) + 1e-7
    found = pyvo.conesearch(f"{served.url}/scs/ztf/sources", pos=centre, radius=radius * u.deg, verbosity=3)
    expected = {one["candid"] for one, apart in zip(served.public, places.separation(centre).deg, strict=True)
                if apart <= radius}  # fmt: skip
    assert set(found.to_table()["alert_id"].tolist()) == expected
    assert len(expected) >= 13
    apart = SkyCoord(found.to_table()["ra"], found.to_table()["dec"], unit="deg").separation(centre).deg
    assert (np.diff(apart) >= 0).all(), "the nearest comes first"


def test_objects_count_the_alerts_that_may_be_seen(served: Served) -> None:
    found = pyvo.conesearch(f"{served.url}/scs/ztf/objects", pos=(10, 20), radius=180, verbosity=2).to_table()
    names = [one["objectId"] for one in served.public]
    assert dict(zip(found["object_id"], found["n_alerts"], strict=True)) == {one: names.count(one) for one in names}
    newest = {one["objectId"]: one for one in served.public}  # the open night comes last
    assert {row["object_id"]: row["last_alert_id"] for row in found} == {k: v["candid"] for k, v in newest.items()}
    assert str(SECRET) not in {str(one) for one in found["last_alert_id"]}


def test_a_radius_of_zero_tells_the_columns(served: Served) -> None:
    found = checked(httpx.get(f"{served.url}/scs/ztf/sources", params={"RA": 1, "DEC": 2, "SR": 0}).content)
    assert len(found.array) == 0
    units = {one.name: str(one.unit) for one in found.fields}
    assert (units["ra"], units["obs_time"]) == ("deg", "d")


def test_a_cut_answer_says_so(served: Served) -> None:
    answer = httpx.get(f"{served.url}/scs/ztf/sources", params=ALL_SKY | {"maxrec": 3})
    assert len(checked(answer.content).array) == 3
    assert re.search(rb'</TABLE>\s*<INFO name="QUERY_STATUS" value="OVERFLOW">', answer.content)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"RA": 1, "DEC": 2}, "SR is missing"),
        ({"RA": "x", "DEC": 2, "SR": 1}, "RA is 'x'"),
        ({"RA": 361, "DEC": 2, "SR": 1}, "RA is '361'"),
        ({"RA": 1, "DEC": -91, "SR": 1}, "DEC is '-91'"),
        ({"RA": 1, "DEC": 2, "SR": -1}, "SR is '-1'"),
        ({"RA": "nan", "DEC": 2, "SR": 1}, "RA is 'nan'"),
        ({"RA": 1, "DEC": 2, "SR": 1, "VERB": 9}, "VERB is '9'"),
        ({"RA": 1, "DEC": 2, "SR": 1, "MAXREC": "-1"}, "MAXREC is '-1'"),
    ],
)
def test_what_is_wrong_is_told_as_a_votable(served: Served, asked: dict[str, object], said: str) -> None:
    answer = httpx.get(f"{served.url}/scs/ztf/sources", params=asked)
    assert answer.status_code == 200, "clients of this standard read the document alone"
    (told,) = (one for one in parse(io.BytesIO(answer.content)).resources[0].infos if one.name == "Error")
    assert told.value.startswith(said)
    with pytest.raises(pyvo.DALQueryError, match=re.escape(said)):
        pyvo.dal.DALQuery(f"{served.url}/scs/ztf/sources", **asked).execute()


def test_it_says_what_it_can_do(served: Served) -> None:
    url = f"{served.url}/scs/ztf/objects"
    assert 'standardID="ivo://ivoa.net/std/ConeSearch"' in httpx.get(f"{url}/capabilities").text
    assert f'use="base">{url}?<' in httpx.get(f"{url}/capabilities").text
    assert "<vosi:available>true<" in httpx.get(f"{url}/availability").text
    assert "<name>ztf.objects</name>" in httpx.get(f"{url}/tables").text
    assert httpx.get(f"{served.url}/scs/nowhere/objects/capabilities").status_code == 404
