"""The made night of Rubin: packets as the telescope writes them, of sources whose truth is known."""

import io
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from fink_lib.config import Settings
from fink_lib.simulator.packets import BRONZE, examine
from fink_lib.simulator.sample import sample_folder, sample_night
from fink_lib.surveys import LSST
from fink_lib.surveys.checks import decode
from fink_lib.surveys.lsst import ids
from fink_lib.surveys.lsst.made import sources
from fink_lib.surveys.lsst.made.blank import record_of
from fink_lib.surveys.lsst.made.night import VISIT_ALERTS, packets
from fink_lib.surveys.lsst.made.stamps import FWHM_ARCSEC, PIXEL_ARCSEC
from fink_lib.surveys.simulated import MadeNight
from tests.unit.surveys.lsst_messages import schemas

SAMPLE = LSST.simulated.sample
COUNT = 60


@pytest.fixture(scope="module")
def schema(real_alerts: Path) -> Any:
    return schemas(real_alerts).schemas()[1101]


@pytest.fixture(scope="module")
def made(schema: Any) -> list[dict[str, Any]]:
    assert isinstance(SAMPLE, MadeNight)
    return list(packets(schema, SAMPLE.night, COUNT, 3))


def test_the_sample_night_is_made_once_and_each_packet_is_an_alert(
    real_alerts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(SAMPLE, MadeNight)
    monkeypatch.setenv("FINK_LSST_SCHEMAS", str(real_alerts / "schemas" / "lsst"))
    survey = replace(LSST, simulated=replace(LSST.simulated, sample=replace(SAMPLE, alerts=COUNT)))
    said: list[str] = []
    settings = Settings(cache=tmp_path)
    folder = sample_night(settings, survey, said.append)
    assert folder == sample_night(settings, survey, said.append) == sample_folder(settings, survey)
    assert said == [f"sample night: making {COUNT} packets of lsst; no sky is in them"]
    facts = [examine(file.read_bytes(), survey) for file in folder.iterdir()]
    assert Counter((fact.expected, fact.night) for fact in facts) == {(BRONZE, SAMPLE.night): COUNT}
    assert {str(fact.alert_id) for fact in facts} == {file.stem for file in folder.iterdir()}
    assert [file for file in folder.iterdir() if decode(survey.framing.unwrap(file.read_bytes()))["ssSource"]]


def test_packets_have_the_fields_of_the_schema_and_no_other(schema: Any, made: list[dict[str, Any]]) -> None:
    names = {"": {fld["name"] for fld in schema["fields"]}}
    for name in ("diaSource", "prvDiaForcedSources", "diaObject", "ssSource", "mpc_orbits"):
        names[name] = {fld["name"] for fld in record_of(schema, name)["fields"]}
    for packet in made:
        assert set(packet) == names[""]
        for name, known in names.items():
            rows = packet.get(name) if name else None
            for row in [rows] if isinstance(rows, dict) else rows or []:
                assert set(row) == known


def test_sources_are_numbered_seen_in_visits_and_are_of_their_kinds(made: list[dict[str, Any]]) -> None:
    current = [packet["diaSource"] for packet in made]
    assert len({row["diaSourceId"] for row in current}) == COUNT
    for row in current:
        night, exposure, detector, _ = ids.parts_of(row["diaSourceId"])
        assert (ids.visit_of(night, exposure), detector) == (row["visit"], row["detector"])
    assert set(Counter(row["visit"] for row in current).values()) == {VISIT_ALERTS}
    assert [row["midpointMjdTai"] for row in current] == sorted(row["midpointMjdTai"] for row in current)
    moving = [packet for packet in made if packet["ssSource"] is not None]
    assert all(packet["diaObject"] is None and packet["diaSource"]["ssObjectId"] for packet in moving)
    assert sum(sources.SHARES.values()) == pytest.approx(1.0)
    assert len(moving) / COUNT == pytest.approx(sources.SHARES[sources.Kind.ASTEROID], abs=0.15)
    assert any(row["isNegative"] for row in current)


def test_fluxes_are_ab_magnitudes_in_njy() -> None:
    for mag in (18.0, 22.5):
        assert sources.njy(mag) == pytest.approx((mag * u.ABmag).to_value(u.nJy), rel=1e-3)


def test_the_difference_stamp_holds_the_flux_that_the_packet_tells(made: list[dict[str, Any]]) -> None:
    """Weighed with the profile of a star, which is what the pipeline fits."""
    off = []
    for packet in made:
        with fits.open(io.BytesIO(packet["cutoutDifference"])) as (image, *_):
            pixels, wcs = np.asarray(image.data, dtype=float), WCS(image.header)
        size = pixels.shape[0]
        assert 30 <= size <= 102
        at = wcs.pixel_to_world((size - 1) / 2, (size - 1) / 2)
        source = packet["diaSource"]
        assert (at.ra.deg, at.dec.deg) == pytest.approx((source["ra"], source["dec"]), abs=1e-6)
        rows, columns = np.indices(pixels.shape) - (size - 1) / 2
        star = np.exp(-4.0 * np.log(2.0) * (rows**2 + columns**2) / (FWHM_ARCSEC / PIXEL_ARCSEC) ** 2)
        star /= star.sum()
        flux = float((pixels * star).sum() / (star**2).sum())
        off.append((flux - source["psfFlux"]) / source["psfFluxErr"])
    assert abs(np.mean(off)) < 4.0 / np.sqrt(COUNT)
    assert 0.7 < np.std(off) < 1.5


def test_what_was_seen_before_is_a_detection_or_forced_photometry(made: list[dict[str, Any]]) -> None:
    rows = 0
    for packet in made:
        for row in packet["prvDiaSources"] or ():
            rows += 1
            assert abs(row["psfFlux"]) > 5.0 * row["psfFluxErr"]
            assert row["midpointMjdTai"] < packet["diaSource"]["midpointMjdTai"]
            assert row["diaObjectId"] == packet["diaObject"]["diaObjectId"]
        forced = packet["prvDiaForcedSources"] or ()
        assert len(packet["prvDiaSources"] or ()) <= len(forced)
        if packet["diaObject"] is not None:
            assert packet["diaObject"]["nDiaSources"] == len(packet["prvDiaSources"] or ()) + 1
    assert rows > 100


def test_the_same_seed_makes_the_same_night(schema: Any, made: list[dict[str, Any]]) -> None:
    assert isinstance(SAMPLE, MadeNight)
    again = list(packets(schema, SAMPLE.night, 4, 3))
    assert again == made[:4]
    assert list(packets(schema, SAMPLE.night, 4, 4)) != again
