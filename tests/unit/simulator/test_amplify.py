"""Many packets out of few: every one whole, ids unique and consistent, one night, the same for the same seed."""

import gzip
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from fink_lib.errors import ConfigError
from fink_lib.simulator.amplify import Amplifier, Shift, _shifted
from fink_lib.simulator.cutouts import Renoiser
from fink_lib.simulator.packets import BRONZE, examine
from fink_lib.simulator.reading import read_path
from fink_lib.surveys import get_survey
from fink_lib.surveys.framing import decode
from fink_lib.surveys.simulated import Simulated
from tests.unit.simulator.alerts import message

ZTF = get_survey("ztf")


def decoded(packet: bytes) -> dict[str, Any]:
    return decode(ZTF.framing.unwrap(packet))


def stamp_of(pixels: Any) -> bytes:
    out = io.BytesIO()
    fits.PrimaryHDU(np.asarray(pixels, dtype=">f4")).writeto(out)
    return gzip.compress(out.getvalue(), mtime=0)


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[bytes]:
    return [content.data for content in read_path(shared_data / "ztf" / "ztf_public_20200101.tar.gz")]


def test_copies_are_whole_unique_and_of_one_night(real: list[bytes]) -> None:
    packets = list(Amplifier(real, ZTF, seed=3)(170))
    facts = [examine(packet, ZTF) for packet in packets]
    assert {fact.expected for fact in facts} == {BRONZE}
    assert len({fact.alert_id for fact in facts}) == 170
    assert {str(fact.night) for fact in facts} == {"2020-01-01"}
    objects = {decoded(packet)["objectId"] for packet in real}
    assert len({fact.object_id for fact in facts}) == 3 * len(objects) + len(
        {fact.object_id for fact in facts[3 * len(real) :]}
    )


def test_ids_times_and_history_move_together(real: list[bytes]) -> None:
    packets = list(Amplifier(real, ZTF, seed=3)(100))
    for before, after in zip(real, packets[50:], strict=True):
        old, new = decoded(before), decoded(after)
        moved = new["candidate"]["jd"] - old["candidate"]["jd"]
        microdays = round(moved * 1e6)
        assert microdays > 0
        assert new["candid"] == new["candidate"]["candid"] == old["candid"] + microdays * 10**9
        assert new["candidate"]["pid"] == old["candidate"]["pid"] + microdays * 10**3
        assert new["candid"] // 10**6 == new["candidate"]["pid"]
        for past, row in zip(old["prv_candidates"] or [], new["prv_candidates"] or [], strict=True):
            assert row["jd"] - past["jd"] == pytest.approx(moved, abs=1e-9)
            assert (row["candid"] is None) == (past["candid"] is None)
            assert row["pid"] - past["pid"] == microdays * 10**3


def test_stamps_are_new_and_as_heavy(real: list[bytes]) -> None:
    packets = list(Amplifier(real, ZTF, seed=3)(100))
    first, copy = decoded(packets[0]), decoded(packets[50])
    old = decoded(real[0])
    stamps = [one["cutoutScience"]["stampData"] for one in (old, first, copy)]
    assert len(set(stamps)) == 3
    sizes = [len(stamp) for stamp in stamps]
    assert min(sizes[1:]) > 0.8 * sizes[0]


def test_the_same_seed_gives_the_same_packets(real: list[bytes]) -> None:
    few = real[:5]
    assert list(Amplifier(few, ZTF, seed=1)(12)) == list(Amplifier(few, ZTF, seed=1)(12))
    assert list(Amplifier(few, ZTF, seed=1)(12)) != list(Amplifier(few, ZTF, seed=2)(12))


def test_packets_of_many_nights_come_to_one() -> None:
    several = [message(10**18, jd=2459540.7), message(10**18 + 2 * 10**15, jd=2459542.6)]
    facts = [examine(packet, ZTF) for packet in Amplifier(several, ZTF)(6)]
    assert {str(fact.night) for fact in facts} == {"2021-11-22"}
    assert len({fact.alert_id for fact in facts}) == 6


def test_an_id_that_does_not_fit_is_refused() -> None:
    far, ids = Shift(days=9000, microdays=0, ra_deg=0.0, letters={}), ZTF.simulated.ids
    with pytest.raises(ConfigError, match="63 bits"):
        _shifted(2**62, "candid", far, ids)
    assert _shifted(10**15, "candid", far._replace(days=9222), ids) == 9223 * 10**15


def test_a_survey_whose_ids_do_not_count_time_is_refused() -> None:
    unnumbered = replace(ZTF, name="winter", simulated=Simulated())
    with pytest.raises(ConfigError, match="packets of winter cannot be amplified"):
        list(Amplifier([message(10**18)], unnumbered)(1))


def test_what_cannot_be_amplified_is_refused() -> None:
    with pytest.raises(ConfigError, match="no packet"):
        Amplifier([], ZTF)
    with pytest.raises(ConfigError, match="winter"):
        Amplifier([], get_survey("winter"))


def test_noise_is_small_and_keeps_shape_and_nan() -> None:
    pixels = np.random.default_rng(0).normal(100.0, 10.0, (63, 63))
    pixels[0, 0], pixels[0, 1] = np.nan, 3e38
    renoise = Renoiser(1)
    new = fits.getdata(io.BytesIO(gzip.decompress(renoise(stamp_of(pixels), 5))))
    assert new.shape == (63, 63)
    assert np.isnan(new[0, 0])
    assert 0.5 < np.std((new - pixels)[1:]) < 2.0
    assert renoise(stamp_of(pixels), 5) == renoise(stamp_of(pixels), 5) != renoise(stamp_of(pixels), 6)


def test_a_stamp_that_is_no_float_image_stays_as_it_is() -> None:
    plain = gzip.compress(b"not FITS at all", mtime=0)
    assert Renoiser(1)(plain, 0) == plain
