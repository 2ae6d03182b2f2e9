"""Drift: a night like the others passes, each way to differ is found by name, and a small night is forgiven."""

import copy
from typing import Any

import pytest

from fink_lib.nightly.statistics.summary import Summary
from fink_lib.quality.drift import (
    EXPECTED_MESSAGES,
    MIN_NIGHTS,
    chance,
    kolmogorov_smirnov,
    measure,
    share_noise,
    total_variation,
)


def night(scale: float = 1.0, **changes: dict[str, float]) -> Summary:
    usual: dict[str, dict[str, float]] = {
        "count": {"bronze": 1000 * scale, "silver": 600 * scale, "rejected": 390 * scale, "repeats": 10 * scale},
        "class:vsx": {"Unknown": 500 * scale, "RRAB": 60 * scale, "EW": 40 * scale},
        "score:candidate.rb": {"0.60": 200 * scale, "0.80": 300 * scale, "0.95": 100 * scale},
        "score_outside": {"candidate.rb": 0.0},
        "silver_band": {"g": 350 * scale, "r": 250 * scale},
        "null_share": {"vsx": 0.0, "ra": 0.0, "gcvs_sep_arcsec": 0.9, "candidate.rb": 0.0, "candidate.drb": 0.01},
        "filter": {"variable_stars": 100 * scale, "rare": 1.0, "never": 0.0},
    }
    return {**usual, **changes}


def broken(now: Summary, trailing: list[Summary] | None = None) -> dict[str, str]:
    found = measure(now, trailing if trailing is not None else [night(0.8), night(), night(1.3)])
    return {one.name: one.severity for one in found if not one.holds}


def test_a_night_like_the_others_passes_every_measure() -> None:
    found = measure(night(0.7), [night(0.8), night(), night(1.3)])
    names = {one.name for one in found}
    assert {"alerts", "rejected_share", "class_mix.vsx", "one_class.vsx", "score.candidate.rb"} <= names
    assert {"null_share.vsx", "gone.vsx", "silent.variable_stars", "explosion.variable_stars"} <= names
    assert {"band_mix", "new_class.vsx", "outside.candidate.rb", "packet_nulls", "packet_gone"} <= names
    assert {"explosion.rare", "explosion.never"} <= names
    assert not {"silent.rare", "silent.never"} & names  # usually too few for a night without any to mean something
    assert all(one.holds for one in found)
    assert all(one.meaning.endswith((".", ").")) for one in found)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"count": {"bronze": 50.0, "silver": 30.0}, "filter": {"variable_stars": 5.0}},
            {"alerts": "warning", "rejected_share": "warning"},
        ),
        ({"count": {"bronze": 9000.0, "silver": 5400.0, "rejected": 3510.0}}, {"alerts": "warning"}),
        (
            {"class:vsx": {"RRAB": 300.0, "EW": 280.0, "Unknown": 20.0}},
            {"class_mix.vsx": "warning"},
        ),
        ({"class:vsx": {"Unknown": 600.0}}, {"one_class.vsx": "critical"}),
        ({"score:candidate.rb": {"0.00": 500.0, "0.95": 100.0}}, {"score.candidate.rb": "warning"}),
        ({"null_share": {"vsx": 0.4, "ra": 0.0}}, {"null_share.vsx": "warning"}),
        ({"null_share": {"vsx": 1.0, "ra": 0.0}}, {"null_share.vsx": "warning", "gone.vsx": "critical"}),
        ({"filter": {"variable_stars": 0.0, "rare": 0.0}}, {"silent.variable_stars": "warning"}),
        ({"filter": {"variable_stars": 5000.0}}, {"explosion.variable_stars": "warning"}),
        ({"filter": {"variable_stars": 100.0, "rare": 50_000.0}}, {"explosion.rare": "warning"}),
        ({"filter": {"variable_stars": 100.0, "never": 21.0}}, {"explosion.never": "warning"}),
        ({"silver_band": {"g": 20.0, "r": 580.0}}, {"band_mix": "info"}),
        (
            {"class:vsx": {"Unknown": 500.0, "RRAB": 60.0, "EW": 30.0, "CV": 10.0, "(other)": 20.0}},
            {"new_class.vsx": "info"},
        ),
        ({"score_outside": {"candidate.rb": 30.0}}, {"outside.candidate.rb": "info"}),
        ({"null_share": {"vsx": 0.0, "candidate.drb": 0.4, "candidate.rb": 0.0}}, {"packet_nulls": "info"}),
        (
            {"null_share": {"vsx": 0.0, "candidate.drb": 1.0, "candidate.rb": 0.0}},
            {"packet_nulls": "info", "packet_gone": "warning"},
        ),
    ],
)
def test_each_way_to_differ_is_named(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert broken(night(**changes)) == expected


def test_a_rare_filter_may_send_a_handful() -> None:
    assert broken(night(filter={"variable_stars": 100.0, "rare": 20.0, "never": 20.0})) == {}


def test_packet_fields_that_differ_are_named_in_one_sentence() -> None:
    columns = {f"candidate.c{at:02d}": 0.0 for at in range(12)}
    now = dict.fromkeys(columns, 0.5)
    found = {one.name: one for one in measure(night(null_share=now), [night(null_share=columns)] * MIN_NIGHTS)}
    told = found["packet_nulls"]
    assert (told.value, told.holds, told.at_most) == (12.0, False, 0.0)
    assert told.meaning.startswith("Each of 12 packet fields is null as often as usual")
    assert "candidate.c00 (50%, usually 0%)" in told.meaning
    assert told.meaning.endswith("and 2 more.")
    assert found["packet_gone"].holds


def test_with_too_few_nights_before_nothing_is_measured() -> None:
    assert measure(night(), [night()] * (MIN_NIGHTS - 1)) == []


def test_a_small_night_may_differ_by_chance() -> None:
    small = {"count": {"bronze": 9.0, "silver": 6.0, "rejected": 3.0}, "class:vsx": {"Unknown": 6.0}}
    names = {one.name for one in measure(night(**small), [night(0.009)] * 3)}
    assert "one_class.vsx" not in names
    assert "gone.vsx" not in names
    assert broken(night(**small, filter={"variable_stars": 0.0}), [night(0.009)] * 3) == {}
    assert EXPECTED_MESSAGES > 0.009 * 600 / 6


@pytest.mark.parametrize(("now", "before"), [(0.1, 1.0), (1.0, 0.1), (0.1, 0.1)])
def test_what_few_alerts_hold_is_not_compared(now: float, before: float) -> None:
    """Sixty alerts of asteroids beside sixty of one field: each column is full in one and empty in the other."""
    other = night(now, **{"null_share": {"vsx": 1.0}, "class:vsx": {"EW": 600 * now}, "silver_band": {"g": 600 * now}})
    found = {one.name for one in measure(other, [night(before)] * MIN_NIGHTS)}
    assert not [one for one in found if one.startswith(("null_share.", "class_mix.", "band_mix", "packet_", "score."))]
    assert {"rejected_share", "quarantine_share", "explosion.rare"} <= found
    assert broken(night(1.0, null_share={"vsx": 1.0, "ra": 0.0}), [night()] * MIN_NIGHTS)


@pytest.mark.parametrize("rejected", [0.0, 1.0])
def test_a_night_of_one_alert_beside_small_ones(rejected: float) -> None:
    """Sixteen alerts on one night and one on the next are no weather, and one rejected alert is no share."""
    past = [{"count": {"bronze": 16.0, "rejected": 2.0}}] * MIN_NIGHTS
    assert broken({"count": {"bronze": 1.0, "rejected": rejected}}, past) == {}


@pytest.mark.parametrize(("alerts", "least"), [(1.0, 0.75), (100.0, 0.06), (1e6, 0.0006)])
def test_what_a_share_may_differ_by_chance_shrinks_with_the_night(alerts: float, least: float) -> None:
    assert least <= share_noise(0.1, alerts) <= 1.4 * least


def test_a_filter_or_a_column_that_is_new_is_not_judged_by_a_past_it_has_not() -> None:
    now = copy.deepcopy(night())
    now["filter"]["new"] = 500.0
    now["null_share"]["new_column"] = 1.0
    assert broken(now) == {}


def test_distances_of_distributions() -> None:
    assert total_variation({"a": 1.0}, {"b": 1.0}) == 1.0
    assert total_variation({"a": 0.5, "b": 0.5}, {"a": 0.25, "b": 0.75}) == pytest.approx(0.25)
    assert kolmogorov_smirnov({"0.00": 10}, {"0.50": 3}) == 1.0
    assert kolmogorov_smirnov({"0.00": 2, "0.10": 2}, {"0.10": 1, "0.00": 1}) == 0.0
    assert kolmogorov_smirnov({"0.00": 3, "0.50": 1}, {"0.00": 1, "0.50": 1}) == pytest.approx(0.25)
    assert chance(100, 10_000) == pytest.approx(0.164, abs=1e-3)
    assert chance(0, 10) == 1.0
