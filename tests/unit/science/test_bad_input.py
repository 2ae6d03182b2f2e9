"""Bad input through every module of both surveys: the documented result, no exception, no warning."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from bad_packets import BAD
from many_alerts import Packet, catalogs_in, rubin_packets, ztf_packets
from science_bench import CACHE, batch_of
from test_every_module import as_bytes

from fink_lib.docs_pages.bad_input import BAD_INPUT, BadInput
from fink_lib.science.framework.base import NOT_RUN
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import Outcome, run

# Alerts that every module looks at; microlensing asks for more points than a fresh alert of ZTF has.
SOUND = {"ztf": 75, "lsst": 11}
NOT_COUNTED = {
    "own point repeated in the history", "history point later than the alert", "history point of NaN time",
}  # fmt: skip
NOT_EVEN_THEN = {"ztf": {"microlensing"}, "lsst": set[str]()}


@pytest.fixture(scope="module", params=sorted(SOUND))
def sound(request: pytest.FixtureRequest, shared_data: Path) -> Iterator[tuple[str, Packet, Outcome]]:
    survey = str(request.param)
    packet = {"ztf": ztf_packets, "lsst": rubin_packets}[survey](shared_data)[SOUND[survey]]
    modules = modules_of(survey)
    with catalogs_in(shared_data / "catalogs"):
        outcome = run(modules, batch_of([packet], modules, survey), CACHE)
        assert set(outcome.errors) == NOT_EVEN_THEN[survey]
        yield survey, packet, outcome


def test_every_case_of_the_table_is_tested() -> None:
    assert [each.case for each in BAD_INPUT] == list(BAD)


@pytest.mark.parametrize("each", BAD_INPUT, ids=lambda each: each.case)
def test_bad_input_gives_the_documented_result_no_exception_and_no_warning(
    each: BadInput, sound: tuple[str, Packet, Outcome], capfd: pytest.CaptureFixture[str]
) -> None:
    survey, packet, alone = sound
    modules = modules_of(survey)
    documented = {"ztf": each.ztf, "lsst": each.lsst}[survey]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        batch = batch_of([BAD[each.case][survey](packet), packet], modules, survey)
        outcome = run(modules, batch, CACHE)
    assert capfd.readouterr() == ("", "")
    told = {name: rows[0] for name, rows in outcome.errors.items() if 0 in rows}
    assert told == {
        **{name: rows[0] for name, rows in alone.errors.items() if name in told},
        **{name: f"{NOT_RUN}{why}" for name, why in documented.items()},
    }
    assert as_bytes(outcome, 1) == as_bytes(alone, 0)  # the sound alert beside it is not touched
    if each.case in NOT_COUNTED:
        assert as_bytes(outcome, 0) == as_bytes(alone, 0)
    for module in modules:
        if module.name in told:
            assert all(not outcome.columns[out.name][0].is_valid for out in module.outputs), module.name
