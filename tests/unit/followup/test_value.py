"""What an observation would tell, counted by hand."""

import math

import pytest

from fink_lib.followup.value import INSTRUMENTS, Instrument, entropy, expected_bits, exposure_minutes, value_of

PERFECT = Instrument("perfect", 1.0, 20.0, 10.0, 10.0, 0.0)


def test_entropy() -> None:
    assert entropy([0.5, 0.5]) == 1.0
    assert entropy([0.25] * 4) == 2.0
    assert entropy([1.0, 0.0]) == 0.0


def test_what_is_expected() -> None:
    assert expected_bits([0.5, 0.5], 1.0) == pytest.approx(1.0)
    # A binary symmetric channel with an error of 0.11 has a capacity of 1 - H(0.11) = 0.5001 bits
    assert expected_bits([0.5, 0.5], 0.89) == pytest.approx(0.50008, abs=1e-4)
    assert expected_bits([0.5, 0.5], 0.5) == pytest.approx(0.0, abs=1e-12)
    assert expected_bits([1.0], 0.9) == 0.0
    # A binary channel of 0.9 with input 0.9: H(0.82) - H(0.9), with H(0.82) = 0.68008 and H(0.9) = 0.46900
    assert expected_bits([0.9, 0.1], 0.9) == pytest.approx(0.68008 - 0.46900, abs=1e-5)


def test_the_time_of_an_exposure() -> None:
    assert exposure_minutes(20.0, 1.0, PERFECT) == 10.0
    assert exposure_minutes(20.0 + 1.25 * math.log10(2), 1.0, PERFECT) == pytest.approx(20.0)
    dimmed = Instrument("x", 1.0, 20.0, 10.0, 0.0, 0.5)
    assert exposure_minutes(20.0, 2.0, dimmed) == exposure_minutes(20.5, 1.0, dimmed)


def test_the_value_of_a_coin_is_a_bit() -> None:
    found = value_of({"SN Ia": 0.5, "AGN": 0.5}, 20.0, 1.0, 300.0, PERFECT)
    assert (found.bits, found.minutes, found.bits_per_minute) == (1.0, 20.0, 0.05)
    assert found.why[-1] == "expected fall 1.00 bits: 0.0500 bits a minute"


def test_what_is_known_already_is_worth_less_than_what_is_not() -> None:
    instrument = INSTRUMENTS["spectrum-4m"]
    open_, known = ({"SN Ia": share, "SN II": 1 - share} for share in (0.5, 0.99))
    values = [value_of(one, 19.0, 1.2, 300.0, instrument).bits_per_minute for one in (open_, known)]
    assert values[0] > 5 * values[1] > 0


@pytest.mark.parametrize(
    ("mag", "airmass", "minutes", "why"),
    [
        (None, 1.0, 100.0, "its brightness is not known"),
        (19.0, None, 0.0, "not observable tonight"),
        (24.0, 1.0, 100.0, "it is up for 100 min only"),
    ],
)
def test_what_cannot_be_observed_is_worth_nothing(
    mag: float | None, airmass: float | None, minutes: float, why: str
) -> None:
    found = value_of({"SN Ia": 0.6}, mag, airmass, minutes, INSTRUMENTS["spectrum-4m"])
    assert (found.bits_per_minute, found.why[-1]) == (0.0, why)
    assert dict(found.classes) == pytest.approx({"SN Ia": 0.6, "other": 0.4})
