"""Microlensing: events are found, what only looks like one is not."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from science_bench import NAN, batch_of, one_alert, outcome_of

from fink_lib.offline.packets import packets_of
from fink_lib.science.cases.microlensing import MODULES, compute
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.methods import paczynski
from fink_lib.sky import galactic_latitude
from fink_lib.surveys import get_survey
from tests.builders.packet_rows import read_packets

CANDIDATES = {"ZTF18acvqrrf", "ZTF20aaaacan", "ZTF20aauqwzc"}


def test_of_three_real_candidates_the_one_with_a_single_peak_is_flagged(shared_data: Path) -> None:
    """Fink flagged all three. By eye, two are none: one has five peaks within 100 days, one returns to its low state.

    ZTF18acvqrrf peaks near JD 2458837, 2458850, 2458861 and 2458881; ZTF20aaaacan is below its reference throughout,
    and rises from the same low state twice, 200 days apart. ZTF20aauqwzc fades once, from JD 2458957 on.
    """
    packets = list(read_packets(shared_data / "ztf" / "ztf_microlensing_55_nights.tar.gz"))
    outcome = outcome_of(packets, "microlensing")
    scores = outcome.columns["mulens"].to_pylist()
    fitted, flagged = defaultdict(int), defaultdict(int)
    for packet, score in zip(packets, scores, strict=True):
        fitted[packet["objectId"]] += score is not None
        flagged[packet["objectId"]] += (score or 0.0) > 0.0
    assert set(flagged) == CANDIDATES
    assert {name: count > 0 for name, count in flagged.items()} == {
        "ZTF18acvqrrf": False, "ZTF20aaaacan": False, "ZTF20aauqwzc": True
    }  # fmt: skip
    assert all(fitted[name] >= 5 for name in CANDIDATES), dict(fitted)
    assert all(score is None or 0.0 <= score < 1.0 for score in scores)


def test_under_one_percent_of_all_other_alerts_are_flagged(shared_data: Path) -> None:
    """All packets of the folder, archive by archive and together, but for the three candidates."""
    counts = {}
    for archive in sorted((shared_data / "ztf").glob("*.tar.gz")):
        # Packets of the first schema versions carry no name of the object, or no identity at all.
        packets = [
            packet
            for packet in packets_of(archive, get_survey("ztf"))
            if packet.get("objectId") not in CANDIDATES and packet.get("candid") is not None
        ]
        if packets:
            scores = outcome_of(packets, "microlensing").columns["mulens"].to_pylist()
            counts[archive.name] = (sum((score or 0.0) > 0.0 for score in scores), len(packets))
            assert counts[archive.name][0] < 0.01 * len(packets), archive.name
    flagged, total = np.sum(list(counts.values()), axis=0)
    assert len(counts) >= 6
    assert total >= 1200
    assert flagged < 0.01 * total


def curve(points: int = 24, *, event: bool = True, seed: int = 3) -> dict[str, np.ndarray]:
    """Return a made light curve in two bands with noise of 3 percent of the source's flux."""
    draw = np.random.default_rng(seed)
    time = np.sort(draw.uniform(0.0, 30.0, points))
    band = np.where(np.arange(points) % 2 == 0, 1, 2).astype(np.int8)
    shape = paczynski.magnification(time, np.array(17.0), np.array(6.0), np.array(0.3)) - 1.0
    shape = shape if event else 1.0 + 0.5 * np.sin(2.0 * np.pi * time / 4.3)
    flux = np.where(band == 1, 200.0, 500.0) * (shape + 0.2)
    flux *= 1.0 + 0.03 * draw.normal(size=points)
    return {
        "time": 2459000.0 + time,
        "band": band,
        "mag": 23.9 - 2.5 * np.log10(flux),
        "mag_err": np.full(points, 0.03 * 1.0857),
        "is_positive": np.ones(points),
        "ref_mag": np.where(band == 1, 18.15, 17.15),  # the source at rest: 200 and 500 microjansky
        "ref_separation": np.full(points, 0.3),
    }


STAR = {"ra": 270.0, "dec": -30.0, "n_detections": 24, "ps1_separation": 0.1, "ps1_star_score": 0.99}


def test_the_parameters_of_a_made_event_are_found_again() -> None:
    found = compute(one_alert(STAR, curve()), None).columns
    assert found["mulens"][0] > 0.5
    assert found["mulens_peak_time"][0] == pytest.approx(2459017.0, abs=0.3)
    assert found["mulens_einstein_days"][0] == pytest.approx(6.0, rel=0.3)
    assert found["mulens_impact"][0] == pytest.approx(0.3, rel=0.4)
    assert found["mulens_chi2_dof"][0] < 2.0


def test_a_periodic_star_is_none() -> None:
    found = compute(one_alert(STAR, curve(event=False)), None).columns
    assert found["mulens"][0] == 0.0


def lopsided(rise_days: float, decay_days: float) -> dict[str, np.ndarray]:
    """Return the made curve with another time scale before the peak than after it."""
    made = curve(40)
    since = made["time"] - 2459017.0
    shape = paczynski.excess(0.3**2 + (since / np.where(since < 0.0, rise_days, decay_days)) ** 2)
    flux = np.where(made["band"] == 1, 200.0, 500.0) * shape
    return made | {"mag": 23.9 - 2.5 * np.log10(flux)}


def test_a_flare_of_unequal_rise_and_decay_is_none() -> None:
    """0.1.0 and 1.1 of the module had 0.99 here."""
    assert compute(one_alert(STAR, lopsided(6.0, 6.0)), None).columns["mulens"][0] > 0.5
    assert compute(one_alert(STAR, lopsided(2.0, 12.0)), None).columns["mulens"][0] == 0.0


def test_a_source_brighter_than_its_reference_at_rest_is_none() -> None:
    """The same light over a reference of 21 mag asks for a star 30 times as bright as the reference shows."""
    faint = curve() | {"ref_mag": np.full(24, 21.0)}
    assert compute(one_alert(STAR, curve()), None).columns["mulens"][0] > 0.5
    assert compute(one_alert(STAR, faint), None).columns["mulens"][0] == 0.0


def test_a_peak_at_the_last_point_is_not_judged() -> None:
    made = curve(48)
    rising = {name: values[made["time"] <= 2459016.9] for name, values in made.items()}
    found = compute(one_alert(STAR, rising), None)
    assert np.isnan(found.columns["mulens"][0])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"n_detections": 100.0}, "100 detections or more"),
        ({"n_detections": NAN}, "100 detections or more"),
        ({"ps1_star_score": 0.1}, "on a galaxy"),
        ({"ra": 192.85948, "dec": 27.12825}, "more than 30 deg from the Galactic plane"),
        ({"ra": NAN}, "more than 30 deg from the Galactic plane"),
    ],
)
def test_every_gate_is_told(changes: dict[str, float], reason: str) -> None:
    findings = compute(one_alert(STAR | changes, curve()), None)
    assert next(why for flags, why in findings.not_run if flags[0]) == reason
    assert np.isnan(findings.columns["mulens"][0])


def test_too_few_points_are_told() -> None:
    findings = compute(one_alert(STAR, curve(18)), None)
    assert [why for flags, why in findings.not_run if flags[0]] == ["fewer than 10 detections in g or in r"]


def test_odd_light_curves_are_answered() -> None:
    flat = curve() | {"mag": np.full(24, 18.0)}
    assert compute(one_alert(STAR, flat), None).columns["mulens"][0] == 0.0
    at_once = compute(one_alert(STAR, curve() | {"time": np.full(24, 2459000.0)}), None)
    assert np.isnan(at_once.columns["mulens"][0])
    assert [why for flags, why in at_once.not_run if flags[0]] == ["the peak is not observed from both sides"]
    long = curve(1000)
    assert compute(one_alert(STAR, long), None).columns["mulens"][0] > 0.5


def test_alone_or_among_others_the_bytes_are_the_same(shared_data: Path) -> None:
    modules = modules_of("ztf", ["microlensing"])
    packets = list(read_packets(shared_data / "ztf" / "ztf_microlensing_55_nights.tar.gz"))[:50]
    batch = batch_of(packets, modules)
    whole = MODULES[0].compute(batch, None).columns  # type: ignore[union-attr]
    for row in np.flatnonzero(np.isfinite(whole["mulens"]))[:4]:
        alone = MODULES[0].compute(batch.take(np.array([row])), None).columns  # type: ignore[union-attr]
        for name, values in whole.items():
            assert values[row].tobytes() == alone[name][0].tobytes()


def test_galactic_latitude_agrees_with_astropy() -> None:
    from astropy.coordinates import SkyCoord

    ra, dec = np.array([0.0, 192.85948, 12.85, 266.4, 359.9]), np.array([0.0, 27.12825, -27.1, -29.0, 89.9])
    expected = SkyCoord(ra, dec, unit="deg").galactic.b.deg
    np.testing.assert_allclose(galactic_latitude(ra, dec), expected, atol=1e-4)
