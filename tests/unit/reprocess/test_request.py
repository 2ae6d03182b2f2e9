"""A request says what is to be done, refuses what cannot be, and goes one way at a time."""

import datetime as dt
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.config.surveys import SurveySettings
from fink_lib.errors import ConfigError, ReprocessRefused
from fink_lib.reprocess import folder as folders
from fink_lib.reprocess.plan import Rate, check_catalogs, chosen_modules, cost, cuts_in_force
from fink_lib.reprocess.request import Request, request_from_json
from fink_lib.reprocess.state import NEXT, TOUCHED_LIVE, State
from fink_lib.surveys import ZTF

NIGHT = dt.date(2018, 11, 29)
NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def asked(**changes: Any) -> Request:
    return Request(**{"survey": "ztf", "first_night": NIGHT, "last_night": NIGHT, **changes})


def test_what_a_form_sends_is_a_request() -> None:
    form = {
        "survey": "ztf", "first_night": "2018-11-29", "last_night": None, "modules": None, "catalogs": {},
        "bronze_version": None, "overrides": {"keep_i_band": False, "cut.rb": "candidate.rb >= 0.65"}, "dry_run": False,
        "reason": "",
    }  # fmt: skip
    request = request_from_json(form)
    assert request.nights == (NIGHT,)
    assert request.cuts == {"rb": "candidate.rb >= 0.65"}
    assert request.flag("keep_i_band", default=True) is False
    assert not request.dry_run
    assert request_from_json(request.as_json()) == request


def test_nothing_goes_live_unless_it_is_said() -> None:
    assert request_from_json({"survey": "ztf", "first_night": "20181129"}).dry_run


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"first_night": "2018-11-29"}, "needs 'survey'"),
        ({"survey": "ztf"}, "needs 'first_night'"),
        ({"survey": "ztf", "first_night": "29.11.2018"}, "is not a night"),
        ({"survey": "ztf", "first_night": "2018-11-29", "last_night": "2018-11-28"}, "lies before"),
        ({"survey": "ztf", "first_night": "2018-11-29", "last_night": "2021-11-29"}, "1097 nights are more than 400"),
        ({"survey": "ztf", "first_night": "2018-11-29", "overrides": {"cut.x": "1"}}, "'cut.x' cannot be overridden"),
        ({"survey": "ztf", "first_night": "2018-11-29", "overrides": {"keep_i_band": "so"}}, "neither true nor false"),
        ({"survey": "ztf", "first_night": "2018-11-29", "night": "x"}, "has no 'night'"),
    ],
)
def test_what_cannot_be_done_is_named(facts: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        request_from_json(facts)


def test_cuts_are_the_surveys_own_but_for_what_is_overridden() -> None:
    found = {cut.name: cut.keep for cut in cuts_in_force(ZTF, asked(), Settings())}
    assert found == {cut.name: cut.keep for cut in ZTF.cuts}
    changed = asked(overrides={"cut.rb": "candidate.rb >= 0.65", "keep_i_band": "false"})
    found = {cut.name: cut.keep for cut in cuts_in_force(ZTF, changed, Settings())}
    assert found == {"nbad": "candidate.nbad = 0", "rb": "candidate.rb >= 0.65", "i_band": "candidate.fid != 3"}


def test_an_optional_cut_of_the_settings_can_be_switched_off() -> None:
    usual = Settings(of_surveys={"ztf": SurveySettings(optional_cuts="i_band")})
    assert [cut.name for cut in cuts_in_force(ZTF, asked(), usual)] == ["nbad", "rb", "i_band"]
    kept = asked(overrides={"keep_i_band": "true"})
    assert [cut.name for cut in cuts_in_force(ZTF, kept, usual)] == ["nbad", "rb"]


def test_modules_come_with_what_they_read_and_what_reads_them_in_their_order() -> None:
    from fink_lib.science.framework.registry import stream_modules

    everything = stream_modules("ztf")
    writer = {out.name: module.name for module in everything for out in module.outputs}
    reads = {
        module.name: {writer[result] for result in (*module.needs, *module.optional) if result in writer}
        for module in everything
    }
    for module in everything:
        chosen = chosen_modules(asked(modules=(module.name,)))
        assert module.name in chosen
        assert all(reads[name] <= set(chosen) for name in chosen)
        assert [name for name in reads if module.name in reads[name] and name not in chosen] == []
        stream_modules("ztf", chosen)
    assert chosen_modules(asked(modules=("quality",))) == ("quality",)
    assert {"supernnova", "variable_stars", "classification"} <= set(chosen_modules(asked(modules=("host",))))
    assert chosen_modules(asked()) == ()
    with pytest.raises(ConfigError, match="unknown science module 'alchemy'"):
        chosen_modules(asked(modules=("alchemy",)))


def test_catalogues_must_be_those_that_are_in_force() -> None:
    in_force = {"variable_stars": "1.0", "catalog.vsx": "7.4.0"}
    check_catalogs({"vsx": "7.4.0"}, in_force)
    with pytest.raises(ConfigError, match=r"in force as '7\.4\.0', not '9'"):
        check_catalogs({"vsx": "9"}, in_force)
    with pytest.raises(ConfigError, match="there are vsx"):
        check_catalogs({"gaia": "3"}, in_force)


def test_the_cost_says_where_its_rate_comes_from() -> None:
    told = cost(4000, 1_000_000, Rate(100.0, 3))
    assert told == {
        "alerts": 4000, "alerts_per_s": 100.0, "rate_from_runs": 3, "seconds": 65.0, "candidate_bytes": 1_000_000,
    }  # fmt: skip


def test_a_folder_keeps_the_way_that_a_request_went(settings: Settings) -> None:
    made = folders.create(settings, asked(reason="why not"), NOW)
    assert folders.find(settings, made.request_id[:10]) == made
    assert made.request() == asked(reason="why not")
    made.enter(State.PLANNED, NOW)
    with pytest.raises(ReprocessRefused, match="is planned and cannot become promoting; from here: cand"):
        made.enter(State.PROMOTING, NOW)
    assert [step["state"] for step in made.read("state")["history"]] == ["requested", "planned"]
    with pytest.raises(ConfigError, match="no request 'x'"):
        folders.find(settings, "x")


def test_the_same_name_is_the_same_request(settings: Settings) -> None:
    made = folders.create(settings, asked(), NOW, "run-1")
    made.enter(State.PLANNED, NOW)
    assert folders.create(settings, asked(reason="retry"), NOW, "run-1").state() is State.PLANNED
    with pytest.raises(ConfigError, match="asks for something else"):
        folders.create(settings, asked(modules=("solar_system",)), NOW, "run-1")


def test_no_way_leads_from_a_touched_table_to_a_discard() -> None:
    for state in TOUCHED_LIVE:
        assert State.DISCARDED not in NEXT[state]
    assert set(NEXT) == set(State)


def test_two_promotions_wait_for_each_other(settings: Settings, tmp_path: Path) -> None:
    with (
        folders.one_at_a_time(settings),
        pytest.raises(ReprocessRefused, match="another promotion"),
        folders.one_at_a_time(settings),
    ):
        pass
    with folders.one_at_a_time(settings):
        pass


def test_a_promotion_waits_for_a_vacuum_that_is_at_work(settings: Settings) -> None:
    held, ended = threading.Event(), []

    def vacuum() -> None:
        with folders.one_at_a_time(settings):
            held.set()
            time.sleep(0.5)
            ended.append(True)

    thread = threading.Thread(target=vacuum)
    thread.start()
    held.wait(10)
    with folders.one_at_a_time(settings, patience_s=30):
        assert ended
    thread.join()
