"""What moves is kept apart, by one spelling of its designation."""

from pathlib import Path
from typing import Any

import pytest
from object_lake import NIGHTS, alert, merge, objects, pairs, silver

from fink_lib.objects.designation import spelled


# Examples of the Minor Planet Center's own page on packed designations, and of real packets
@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("J95X00A", "1995 XA"),
        ("J95X01L", "1995 XL1"),
        ("J95F13B", "1995 FB13"),
        ("J98SA8Q", "1998 SQ108"),
        ("J98SC7V", "1998 SV127"),
        ("K99AJ3Z", "2099 AZ193"),
        ("K08Aa0A", "2008 AA360"),
        ("K17SA9A", "2017 SA109"),
        ("2017 SA109", "2017 SA109"),
        ("2017sa109", "2017 SA109"),
        ("03202", "3202"),
        ("A0345", "100345"),
        ("a0017", "360017"),
        ("K3289", "203289"),
        ("~0000", "620000"),
        ("~000z", "620061"),
        ("~AZaz", "3140113"),
        ("(219093)", "219093"),
        ("219093", "219093"),
        ("C/2017 K2", "C/2017 K2"),
        ("  ", None),
        ("0", None),
        ("null", None),
        (None, None),
    ],
)
def test_one_spelling(text: str | None, name: str | None) -> None:
    assert spelled(text) == name


def ztf(number: int, name: str, ra: float, designation: str | None, roid: int = 3, **more: Any) -> dict[str, Any]:
    return alert(number, name, ra, 1.0, roid=roid, candidate={"ssnamenr": designation}, **more)


def lsst(number: int, name: str | None, ra: float, designation: str, ssobject: int, **more: Any) -> dict[str, Any]:
    source = {"ssObjectId": ssobject, "raErr": None, "decErr": None}
    return alert(number, name, ra, 1.0, diaSource=source, ssSource={"designation": designation}, **more)


def test_moving_objects_of_two_surveys_are_paired_by_designation(tmp_path: Path) -> None:
    rows = [ztf(1, "Z1", 10.0, "2017sa109"), ztf(2, "Z2", 11.0, "2017 SA109", night=NIGHTS[1]), ztf(3, "Z3", 12.0, "7")]
    merge(tmp_path, "ztf", silver("ztf", rows), NIGHTS)
    merge(tmp_path, "lsst", silver("lsst", [lsst(4, "0", 50.0, "K17SA9A", 21164736943044929, night=NIGHTS[2])]), NIGHTS)
    assert objects(tmp_path, "ztf") == objects(tmp_path, "lsst") == {}
    moving = objects(tmp_path, "ztf", "moving_objects")
    assert set(moving) == {"2017 SA109", "7"}
    assert (moving["2017 SA109"]["alerts"], moving["2017 SA109"]["last_ra"]) == (2, 11.0)
    found = pairs(tmp_path, "designation")
    assert set(found) == {("2017 SA109", "2017 SA109")}
    row = found["2017 SA109", "2017 SA109"]
    assert (row["survey_a"], row["survey_b"], row["since_night"]) == ("lsst", "ztf", NIGHTS[2])
    assert row["separation_arcsec"] is None
    assert row["radius_arcsec"] is None
    assert pairs(tmp_path) == {}


def test_an_asteroid_that_crosses_a_static_object_makes_no_pair(tmp_path: Path) -> None:
    """Of ZTF it bears the name of the static object that it lies on, and so it may of Rubin."""
    star = alert(1, "star", 10.0, 1.0, diaSource={"ssObjectId": 0, "raErr": None, "decErr": None})
    merge(tmp_path, "lsst", silver("lsst", [star]), NIGHTS)
    crossing = [ztf(2, "Z1", 10.0, "433"), ztf(3, "Z2", 10.0, None, roid=2)]  # one that is known, one that is not
    merge(tmp_path, "ztf", silver("ztf", crossing), NIGHTS)
    assert set(objects(tmp_path, "ztf")) == {"Z2"}
    assert objects(tmp_path, "ztf")["Z2"]["may_move"]
    assert pairs(tmp_path) == {}
    again = [
        *crossing,
        ztf(4, "Z2", 10.0, None, roid=0, night=NIGHTS[1]),
    ]  # it is there the next night: it does not move
    merge(tmp_path, "ztf", silver("ztf", again), NIGHTS)
    assert set(pairs(tmp_path)) == {("star", "Z2")}
    hit = lsst(5, "star", 10.0, "433", 999, night=NIGHTS[1])
    merge(tmp_path, "lsst", silver("lsst", [star, hit]), NIGHTS)
    assert objects(tmp_path, "lsst")["star"]["alerts"] == 1
    assert set(objects(tmp_path, "lsst", "moving_objects")) == {"433"}
