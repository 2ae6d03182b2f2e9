"""`fink object`: one name in, the object with its partner and both light curves out."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from fink_lib.cli.main import build_app
from fink_lib.config import Settings
from fink_lib.errors import ConfigError, LakeError, SurveyError
from fink_lib.lake.versions import Table
from fink_lib.surveys import LSST, ZTF, Survey
from fink_lib.surveys.tables import night_specs

RUBIN_ID = 2**60 + 1  # a float would lose its last digit
JD = 2460677.8  # 2025-01-02 07:12 UTC
MJD_TAI = 60677.3 + 37.0 / 86400.0


def silver(lake: Path, survey: Survey, rows: list[dict[str, Any]]) -> None:
    schema = night_specs(survey)[Table.SILVER].plain_schema
    kept = pa.Table.from_pylist(rows, schema=schema)
    write_deltalake(str(night_specs(survey)[Table.SILVER].path(lake)), kept, partition_by=["night"], mode="append")


@pytest.fixture
def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Silver of both surveys: one object that both see, and one asteroid of ZTF."""
    monkeypatch.setenv("FINK_HOME", str(settings.home))
    past = [{"jd": JD - 3.0, "fid": 1, "magpsf": None, "diffmaglim": 20.0}]
    now = {"jd": JD, "fid": 2, "magpsf": 18.0, "sigmapsf": 0.1, "isdiffpos": "t"}
    ztf = {"alert_id": 1, "object_id": "ZTF25aaaaaaa", "time": JD, "ra": 0.0, "dec": 5.0, "band": "r"}
    packet = {"candidate": now, "prv_candidates": past, "night": ZTF.night.night_of(JD)}
    silver(settings.lake, ZTF, [{**ztf, **packet}])
    source = {"midpointMjdTai": MJD_TAI, "band": "i", "psfFlux": 9000.0, "psfFluxErr": 90.0, "ssObjectId": 0}
    forced = [{"midpointMjdTai": MJD_TAI - 1.0, "band": "i", "psfFlux": 10.0, "psfFluxErr": 100.0}]
    lsst = {"alert_id": RUBIN_ID, "object_id": str(RUBIN_ID), "time": MJD_TAI, "ra": 359.9999, "dec": 5.0, "band": "i"}
    more = {"diaSource": source, "prvDiaForcedSources": forced, "night": LSST.night.night_of(MJD_TAI)}
    moving = {"midpointMjdTai": MJD_TAI, "band": "g", "psfFlux": 500.0, "psfFluxErr": 9.0, "ssObjectId": 77}
    asteroid = {**lsst, "alert_id": RUBIN_ID + 2, "object_id": None, "ra": 9.0, "diaSource": moving}
    silver(
        settings.lake,
        LSST,
        [{**lsst, **more}, {**asteroid, "night": more["night"], "ssSource": {"designation": "K17SA9A"}}],
    )
    return settings.home


def fink(*words: str) -> str:
    done = CliRunner().invoke(build_app(["object", *words]), ["object", *words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def test_an_object_is_shown_with_its_partner_and_both_light_curves(home: Path, tmp_path: Path) -> None:
    with pytest.raises(LakeError, match=r"no table of objects yet.*fink object rebuild"):
        fink("show", "ZTF25aaaaaaa")
    for survey in ("ztf", "lsst"):
        assert "cells of the sky" in fink("rebuild", "--survey", survey)
    _looks_like_this(fink("show", "ZTF25aaaaaaa"))
    found = json.loads(fink("show", "ZTF25aaaaaaa", "--json"))
    (partner,) = found["partners"]
    assert (partner["survey"], partner["partner"], partner["kind"]) == ("lsst", str(RUBIN_ID), "position")
    assert partner["separation_arcsec"] == pytest.approx(0.36, abs=0.005)  # 0.0001 deg of RA at declination 5
    assert {(one["survey"], one["object"]) for one in found["light_curve"]} == {
        ("ztf", "ZTF25aaaaaaa"),
        ("lsst", str(RUBIN_ID)),
    }
    kinds = [(one["survey"], one["kind"], one["limit_njy"] is not None) for one in found["light_curve"]]
    assert sorted(kinds) == [
        ("lsst", "detection", False),
        ("lsst", "forced", True),
        ("ztf", "detection", False),
        ("ztf", "limit", True),
    ]
    other = json.loads(fink("show", str(RUBIN_ID), "--json"))  # the same pair from its other side
    assert [one["partner"] for one in other["partners"]] == ["ZTF25aaaaaaa"]
    assert other["light_curve"] == found["light_curve"]
    picture = tmp_path / "both.png"
    fink("show", str(RUBIN_ID), "--plot", str(picture))
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    _what_moves_and_what_is_not_there()


def _looks_like_this(text: str) -> None:
    lines = text.splitlines()
    assert lines[:2] == ["survey: ztf", "name: ZTF25aaaaaaa"]
    assert "nights: 2025-01-02 1" in lines
    assert any(line.startswith(f"lsst\t{RUBIN_ID}\tposition\t0.3") for line in lines)
    assert "light curve ztf g: 1 limit; MJD 60674.3000 to 60674.3000" in lines


def _what_moves_and_what_is_not_there() -> None:
    asteroid = json.loads(fink("show", "2017 SA109", "--json"))
    assert (asteroid["moves"], asteroid["designation"], len(asteroid["light_curve"])) == (True, "2017 SA109", 1)
    with pytest.raises(LakeError, match="no object 'ZTF25aaaaaab' of lsst, ztf: did you mean ZTF25aaaaaaa"):
        fink("show", "ZTF25aaaaaab")
    with pytest.raises(ConfigError, match=r"is no \.png file"):
        fink("show", "ZTF25aaaaaaa", "--plot", "curve.pdf")
    with pytest.raises(ConfigError, match=r"'nowhere/a\.png' cannot be written: there is no folder nowhere"):
        fink("show", "ZTF25aaaaaaa", "--plot", "nowhere/a.png")
    with pytest.raises(SurveyError, match="unknown survey 'foo'"):
        fink("show", "ZTF25aaaaaaa", "--survey", "foo")
    with pytest.raises(LakeError, match=r"no table of objects of winter yet.*fink object rebuild --survey winter"):
        fink("show", "ZTF25aaaaaaa", "--survey", "winter")


def test_two_objects_of_one_survey_keep_their_light_curves_apart(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINK_HOME", str(settings.home))
    shared = {"time": JD, "dec": 5.0, "band": "r", "night": ZTF.night.night_of(JD)}
    bright = {"jd": JD, "fid": 2, "magpsf": 18.0, "sigmapsf": 0.1, "isdiffpos": "t"}
    names = ("ZTF25aaaaaaa", "ZTF25aaaaaab")
    silver(
        settings.lake,
        ZTF,
        [
            {**shared, "alert_id": at, "object_id": name, "ra": 1e-4 * at, "candidate": bright}  # 0.36 arcsec apart
            for at, name in enumerate(names)
        ],
    )
    fink("rebuild")
    text = fink("show", names[0])
    assert "light curve ztf ZTF25aaaaaaa r: 1 detection; MJD 60677.3000 to 60677.3000" in text
    assert "light curve ztf ZTF25aaaaaab r: 1 detection; MJD 60677.3000 to 60677.3000" in text
    points = json.loads(fink("show", names[0], "--json"))["light_curve"]
    assert [point["object"] for point in points] == list(names)
