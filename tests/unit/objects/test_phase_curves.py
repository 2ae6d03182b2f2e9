"""Phase curves: the functions, the geometry of an orbit, the fits, and the table that is made of all nights."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from fink_lib.lake.digest import table_digest
from fink_lib.lake.small import read_rows
from fink_lib.lake.tables import gold_phase_curves
from fink_lib.objects.phase_curves import book
from fink_lib.objects.phase_curves.fit import Model, Points, fit, unit
from fink_lib.objects.phase_curves.models import bases_hg, bases_hg1g2, magnitude_hg, magnitude_hg1g2, of_spin
from fink_lib.objects.phase_curves.orbit import Geometry, Orbit, seen_from_earth
from fink_lib.objects.phase_curves.points import UNIX_MJD
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import LSST, SURVEYS, ZTF, Survey
from fink_lib.surveys.checks import decode
from fink_lib.surveys.framing import ConfluentFraming
from tests.unit.surveys.lsst_messages import schemas, wire

AU_KM = 149_597_870.7
PHASES = np.array([0.0, 0.2, 1.0, 3.0, 7.0, 7.6, 12.0, 20.0, 30.0, 60.0, 100.0, 149.0])
# What sbpy 0.6 says at these phases (fitted functions of HG, of H G1 G2)
SBPY_HG = np.array([
    [1, 0.97216149, 0.87873802, 0.72370287, 0.55919072, 0.54219588,
     0.44423333, 0.32701528, 0.23414545, 0.09479971, 0.02418507, 0.00056156],
    [1, 0.99328405, 0.97094577, 0.93612788, 0.90653366, 0.90365258,
     0.87881402, 0.80069445, 0.68786634, 0.38531184, 0.09970382, 0.00013912],
])  # fmt: skip
SBPY_HG1G2 = np.array([
    [1, 0.99333333, 0.96666666, 0.9, 0.76666667, 0.74667599,
     0.6177952, 0.45555008, 0.33486016, 0.1341056, 0.03688335, 0.00517525],
    [1, 0.998, 0.99, 0.97, 0.93, 0.92399729, 0.87503862, 0.76897098, 0.62884169, 0.31755495, 0.08255416, 0.00017461],
    [1, 0.9081564, 0.57735424, 0.3098874, 0.11906193, 0.10916577, 0.06173347, 0.01610701, 0, 0, 0, 0],
])  # fmt: skip
MAIN_BELT = Orbit(2.2, 0.15, 8.0, 60.0, 120.0, 61_000.0)


def test_the_functions_are_those_of_sbpy() -> None:
    assert bases_hg(PHASES) == pytest.approx(SBPY_HG, abs=1e-7)
    assert bases_hg1g2(PHASES) == pytest.approx(SBPY_HG1G2, abs=1e-7)


def test_an_oblate_body_is_brighter_seen_from_its_pole() -> None:
    pole = unit(np.radians(30.0), np.radians(60.0))
    place = np.stack([pole, -pole, unit(np.radians(30.0), np.radians(-30.0))])
    assert of_spin(place, 0.5, pole) == pytest.approx([2.5 * np.log10(0.5)] * 2 + [0.0])


def test_what_an_orbit_tells_is_what_the_telescope_says(shared_data: Path) -> None:
    """Of 28 real packets with whole orbits; their ranges are au / 149,597,870.7 by a slip of a unit."""
    framing = ConfluentFraming(schemas(shared_data))
    packets = [decode(framing.unwrap(message)) for _, message in wire(shared_data)]
    compared = 0
    for packet in packets:
        told, elements = packet["ssSource"], packet["mpc_orbits"] or {}
        values = [elements.get(name) for name in ("q", "e", "i", "node", "argperi", "peri_time")]
        if told is None or None in values:
            continue
        found = seen_from_earth(Orbit(*values), np.array([packet["diaSource"]["midpointMjdTai"]]))
        assert found.phase_deg[0] == pytest.approx(told["phaseAngle"], abs=0.02)
        assert found.sun_au[0] == pytest.approx(told["helioRange"] * AU_KM, abs=1e-4)
        assert found.observer_au[0] == pytest.approx(told["topoRange"] * AU_KM, abs=1e-4)
        compared += 1
    assert compared == 28


def test_an_orbit_that_is_no_ellipse_tells_nothing() -> None:
    assert MAIN_BELT.is_ellipse
    assert not Orbit(1.0, 1.2, 0.0, 0.0, 0.0, 0.0).is_ellipse
    assert not Orbit(1.0, np.nan, 0.0, 0.0, 0.0, 0.0).is_ellipse


def made(model: Model, count: int = 120, noise: float = 0.02) -> Points:
    """Points of a body with H of 15 and 14.5, G of 0.2, G1 and G2 of 0.4 and 0.3, R of 0.7, pole at (100, 50)."""
    draw = np.random.default_rng(7)
    phase, ra, dec = draw.uniform(0.5, 25.0, count), draw.uniform(0, 360, count), draw.uniform(-30, 30, count)
    band = np.where(np.arange(count) % 2, "ztf:g", "lsst:r")
    h = np.where(np.arange(count) % 2, 15.0, 14.5)
    if model is Model.HG:
        mag = h + magnitude_hg(bases_hg(phase), 0.0, 0.2)
    else:
        mag = h + magnitude_hg1g2(bases_hg1g2(phase), 0.0, 0.4, 0.3)
    if model is Model.SHG1G2:
        place = unit(np.radians(ra), np.radians(dec))
        mag += of_spin(place, 0.7, unit(np.radians(100.0), np.radians(50.0)))
    mag += draw.normal(0.0, noise, count)
    return Points(band, mag, np.full(count, noise), phase, ra, dec)


@pytest.mark.parametrize("model", list(Model))
def test_what_was_put_in_comes_out(model: Model) -> None:
    found = fit(made(model), model)
    expected = {"G": 0.2} if model is Model.HG else {"G1": 0.4, "G2": 0.3}
    for band, h in {"ztf:g": 15.0, "lsst:r": 14.5}.items():
        assert found.points[band] == 60
        for name, value in {"H": h, **expected}.items():
            got, error = found.bands[band][name]
            assert 0.0 < error < 0.3
            assert abs(got - value) < 4.0 * error
    assert found.rms_mag == pytest.approx(0.02, rel=0.2)
    assert found.chi2_reduced == pytest.approx(0.8, abs=0.25)  # an error of 0.01 mag is added to that of the points
    if model is Model.SHG1G2:
        for name, value in {"R": 0.7, "alpha0_deg": 100.0, "delta0_deg": 50.0}.items():
            got, error = found.spin[name]
            assert abs(got - value) < 4.0 * error < 4.0 * 20.0


@pytest.mark.parametrize(
    ("model", "count", "why"),
    [
        (Model.HG, 8, "no band has 5 points over 2 deg of phase"),
        (Model.SHG1G2, 24, "24 points do not tell a spin"),
    ],
)
def test_what_is_not_fitted_says_why(model: Model, count: int, why: str) -> None:
    found = fit(made(model, count), model)
    assert why in found.why_not
    assert found.bands == {}


# Object → HG of two bands, and the scatter: what this code finds, in the range that sbpy finds (0.06 to 0.20 mag)
REAL = {
    ("test_SOCCA", "2016_WF51"): ({"2": (14.776, 0.040), "3": (15.401, 0.050)}, 0.0935),
    ("test_SOCCA", "2025_DL50"): ({"2": (13.103, 0.322), "3": (13.733, 0.272)}, 0.1317),
    ("test_SOCCA", "2000_WT160"): ({"2": (19.413, 0.242), "3": (20.182, 0.334)}, 0.1955),
    ("sso_ztf_lc_aggregated_202504_three_obj", "33803"): ({"1": (16.415, 0.294), "2": (15.798, 0.368)}, 0.0575),
    ("sso_ztf_lc_aggregated_202504_three_obj", "8467"): ({"1": (13.778, 0.193), "2": (13.070, 0.219)}, 0.0709),
}


@pytest.mark.parametrize(("file", "name"), list(REAL))
def test_real_asteroids(shared_data: Path, file: str, name: str) -> None:
    """The distances of one file are in kilometres, those of the other in au."""
    rows = pq.read_table(shared_data / "sso" / f"{file}.parquet").to_pylist()
    (row,) = (one for one in rows if one["ssnamenr"] == name)
    told = {key: np.asarray(value, dtype=np.float64) for key, value in row.items() if key != "ssnamenr"}
    one_au = AU_KM if told["Dobs"].max() > 1e6 else 1.0
    mag = told["cmagpsf"] - 5.0 * np.log10(told["Dobs"] * told["Dhelio"] / one_au**2)
    band = told["cfid"].astype(int).astype(str)
    points = Points(band, mag, told["csigmapsf"], told["Phase"], told["cra"], told["cdec"])
    plain, three = fit(points, Model.HG), fit(points, Model.HG1G2)
    bands, rms = REAL[file, name]
    for one, (h, g) in bands.items():
        assert (plain.bands[one]["H"][0], plain.bands[one]["G"][0]) == pytest.approx((h, g), abs=2e-3)
    assert plain.rms_mag == pytest.approx(rms, abs=5e-4)
    assert three.rms_mag <= plain.rms_mag + 1e-3
    assert all(0.0 <= told["G1"][0] + told["G2"][0] <= 1.0 + 1e-9 for told in three.bands.values())


def nights_of(orbit: Orbit, count: int) -> tuple[npt.NDArray[Any], Geometry]:
    days = 61_200.0 + 8.0 * np.arange(count, dtype=np.float64)
    return days, seen_from_earth(orbit, days)


def write_nights(lake: Path, survey: Survey, count: int, name: str, *, with_orbit: bool = True) -> None:
    """Put alerts of a moving object into silver, one a night: H of 14 and 14.5 mag, G of 0.15."""
    days, seen = nights_of(MAIN_BELT, count)
    mag = 14.0 + 0.5 * (survey is ZTF) + 5.0 * np.log10(seen.sun_au * seen.observer_au)
    mag += magnitude_hg(bases_hg(seen.phase_deg), 0.0, 0.15)
    rows = [alert_of(survey, n, days[n], float(mag[n]), name, with_orbit=with_orbit) for n in range(count)]
    spec = silver_spec(survey)
    table = pa.Table.from_pylist(rows, schema=spec.plain_schema)
    write_deltalake(str(spec.path(lake)), table, partition_by=list(spec.partitioned_by), mode="append")


def alert_of(survey: Survey, number: int, mjd_tt: float, mag: float, name: str, *, with_orbit: bool) -> dict[str, Any]:
    night = dt.date(1970, 1, 1) + dt.timedelta(days=int(mjd_tt - UNIX_MJD))
    head = {"night": night, "alert_id": number, "object_id": name, "ra": 10.0 + number, "dec": 5.0, "band": "r"}
    if survey is ZTF:
        candidate = {"ssnamenr": name, "magpsf": mag, "sigmapsf": 0.02}
        return {**head, "time": mjd_tt + 2_400_000.5 - 69.184 / 86_400.0, "roid": 3, "candidate": candidate}
    source = {"ssObjectId": 7, "psfFlux": 10 ** (0.4 * (31.4 - mag)), "psfFluxErr": 1.0}
    names = ("q", "e", "i", "node", "argperi", "peri_time", "unpacked_primary_provisional_designation")
    orbit = dict(zip(names, (*vars(MAIN_BELT).values(), name), strict=True))
    return {
        **head,
        "time": mjd_tt - 32.184 / 86_400.0,
        "diaSource": source,
        "mpc_orbits": orbit if with_orbit else None,
        "ssSource": {"designation": name},
    }


def rows_of(lake: Path) -> dict[tuple[str, str, str], dict[str, Any]]:
    return {(r["designation"], r["model"], r["band"]): r for r in read_rows(gold_phase_curves(), lake)}


def test_both_surveys_and_all_nights_make_one_curve(tmp_path: Path) -> None:
    """Rubin's packets bring the orbit, by which ZTF's points of the same object are reduced too."""
    for survey in (LSST, ZTF):
        write_nights(tmp_path, survey, 20, "2004 JQ12")
    write_nights(tmp_path, LSST, 20, "2010 AB1", with_orbit=False)
    write_nights(tmp_path, LSST, 3, "2011 CD2")
    write_nights(tmp_path, LSST, 6, "2012 EF3")
    counted = book.rebuild(tmp_path, SURVEYS.values())
    assert counted == Counter({"HG": 2, "HG1G2": 1, "sHG1G2": 1, "no orbit": 1, "too few points": 1})
    rows = rows_of(tmp_path)
    assert rows["2012 EF3", "HG1G2", ""]["why_not"] == "no band has 8 points over 5 deg of phase"
    assert {key for key in rows if key[:2] == ("2004 JQ12", "HG")} == {
        ("2004 JQ12", "HG", band) for band in ("lsst:r", "ztf:r")
    }
    for band, h in {"lsst:r": 14.0, "ztf:r": 14.5}.items():
        row = rows["2004 JQ12", "HG", band]
        assert (row["h_mag"], row["g"]) == pytest.approx((h, 0.15), abs=1e-3)
        assert (row["points"], row["all_points"]) == (20, 40)
    path = gold_phase_curves().path(tmp_path)
    before = table_digest(path)
    assert book.rebuild(tmp_path, SURVEYS.values()) == counted
    assert table_digest(path) == before


def test_a_lake_without_moving_objects_gets_no_table(tmp_path: Path) -> None:
    assert book.rebuild(tmp_path, SURVEYS.values()) == Counter()
    assert not gold_phase_curves().path(tmp_path).exists()
