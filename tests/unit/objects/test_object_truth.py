"""The synthetic pairs of the shared data: each case as its truth says, whichever survey is closed first."""

import csv
import datetime as dt
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from object_lake import merge, pairs, silver

from fink_lib.surveys import LSST, ZTF, Survey
from fink_lib.surveys.framing import ConfluentFraming, decode
from fink_lib.surveys.schema_source import FolderSchemas
from tests.builders.packet_rows import identity

RADIUS_ARCSEC = 2.0
Packet = dict[str, Any]


def row(survey: Survey, packet: Packet, **science: Any) -> dict[str, Any]:
    """What enrich makes of a packet, as far as objects go."""
    return {**packet, **identity(survey, packet), **science}


@pytest.fixture(scope="module")
def truth(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "cross" / "synthetic_ztf_pairs" / "truth.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def skies(shared_data: Path, truth: list[dict[str, str]]) -> dict[str, list[dict[str, Any]]]:
    """Rows of silver: all synthetic packets of ZTF, and the sources of Rubin that they were put beside."""
    folder = shared_data / "cross" / "synthetic_ztf_pairs"
    ztf = [decode(ZTF.framing.unwrap((folder / one["ztf_file"]).read_bytes())) for one in truth]
    framing = ConfluentFraming(FolderSchemas(shared_data / "schemas" / "lsst"))
    wanted = {one["lsst_file"] for one in truth}
    with tarfile.open(shared_data / "lsst" / "lsst_v10_0_wire.tar.gz") as archive:
        members = [one for one in archive if one.name.rpartition("/")[2] in wanted]
        lsst = [decode(framing.unwrap(file.read())) for one in members if (file := archive.extractfile(one))]
    return {"ztf": [row(ZTF, one, roid=0) for one in ztf], "lsst": [row(LSST, one) for one in lsst]}


@pytest.mark.parametrize("order", [("ztf", "lsst"), ("lsst", "ztf")], ids="-".join)
def test_every_case_of_the_truth(
    order: tuple[str, str], skies: dict[str, list[dict[str, Any]]], truth: list[dict[str, str]], tmp_path: Path
) -> None:
    for survey in order:
        nights: set[dt.date] = {one["night"] for one in skies[survey]}
        merge(tmp_path, survey, silver(survey, skies[survey]), nights)
    found = pairs(tmp_path)
    expected = {(one["lsst_diaObjectId"], one["ztf_objectId"]): one for one in truth}
    assert set(found) == {key for key, one in expected.items() if float(one["sep_arcsec"]) <= RADIUS_ARCSEC}
    for key, pair in found.items():
        case = expected[key]
        assert pair["separation_arcsec"] == pytest.approx(float(case["sep_arcsec"]), abs=0.001)
        several = re.search(r"ambiguous: (\d) ZTF", case["case"])
        assert pair["candidates_b"] == (int(several[1]) if several else 1)  # objects of ZTF around that of Rubin
        assert pair["candidates_a"] == 1
        assert pair["ambiguous"] is bool(several)
        assert pair["rank_b"] == (2 if case["case"].endswith("second") else 1)
        assert (pair["radius_arcsec"], pair["rule"]) == (RADIUS_ARCSEC, "position 1")
        assert 0.0 < pair["chance_b"] < 1e-3
    assert {one["case"].partition(":")[0] for one in truth} == {"single", "ambiguous", "none within 2 arcsec"}
