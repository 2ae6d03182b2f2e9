"""The stated probability of a chance match is the rate of such matches, counted on scrambled events."""

import numpy as np
import pytest
from simulated_night import LENGTH_S, even_sky, night

from fink_lib.multimessenger.chance import as_good, at_least_one, of_the_night
from fink_lib.multimessenger.matching import match
from fink_lib.multimessenger.scrambled import rates, scrambled

TIMES_S = (-LENGTH_S, LENGTH_S)
# Decade of the radius of the searched region, new sources of the night, scrambled events
DECADES = [
    ((0.003, 0.03), 200_000, 3_000),
    ((0.03, 0.3), 20_000, 2_000),
    ((0.3, 3.0), 2_000, 1_500),
    ((3.0, 30.0), 300, 1_500),
    ((30.0, 150.0), 30, 1_500),
]


@pytest.mark.parametrize(("radii", "sources", "events"), DECADES)
def test_rate_of_chance_matches_by_decade_of_the_radius(radii: tuple[float, float], sources: int, events: int) -> None:
    new, background, seen = night(7, sources)
    # Events fall on the whole sky. Where regions are small against the footprint, only places within it can matter.
    places = seen if radii[1] <= 3.0 else even_sky(np.random.default_rng(5), 60_000)
    found = rates(new, background, scrambled(places, TIMES_S, radii, events, 11))
    assert found[0].found * events > 5  # there is something to count
    for one in found:
        # 3 standard errors; where next to nothing is found, those of a Poisson count of what is stated
        error = max(one.error, np.sqrt(one.stated / events))
        assert abs(one.found - one.stated) < 3.0 * error, one
        share = np.sqrt(one.events_stated / events)
        assert one.events_found < one.events_stated + 3.0 * share  # never more often than is said
        if radii[1] <= 3.0:  # regions smaller than what a telescope sees at once: just as often
            assert one.events_found > one.events_stated - 3.0 * share


def test_probability_of_the_best_match_of_a_night_of_events() -> None:
    """Over nights of five events each, the best match is as good as probability q in q of them."""
    new, background, seen = night(7, 2_000)
    events = scrambled(seen, TIMES_S, (0.3, 3.0), 1_500, 12)
    nights = [match(new, background, events[at : at + 5]) for at in range(0, len(events), 5)]
    best = np.array([min((one.chance_night[0] for one in each if len(one.rows)), default=1.0) for each in nights])
    for level in (0.05, 0.2, 0.5):
        error = np.sqrt(level * (1.0 - level) / len(nights))
        assert abs((best <= level).mean() - level) < 3.0 * error


@pytest.mark.parametrize("sources", [1, 7, 1000])
def test_place_in_time_and_rank_on_the_sky(sources: int) -> None:
    """P(k y <= w), counted; of many sources it is v (1 - ln v)."""
    random = np.random.default_rng(1)
    product = random.integers(1, sources + 1, 200_000) * random.uniform(size=200_000)
    for v in (0.3, 0.03, 0.003):
        stated = float(as_good(1.0, sources, np.array([1]), np.array([v * sources]))[0])
        assert stated == pytest.approx((product <= v * sources).mean(), rel=4.0 / np.sqrt(200_000 * stated))
    many = float(as_good(1.0, 10**9, np.array([1]), np.array([0.003 * 10**9]))[0])
    assert many == pytest.approx(0.003 * (1.0 - np.log(0.003)))


def test_limits() -> None:
    one = np.array([1.0])
    assert as_good(3.0, 9, np.array([9]), one) == pytest.approx([3.0])  # the last, the worst: all are as good
    assert as_good(0.0, 9, np.array([9]), one).tolist() == [0.0]
    assert as_good(0.0, 0, np.array([], dtype=np.int64), np.array([])).tolist() == []
    assert at_least_one(np.array([0.0, np.log(2.0), 1e-12])) == pytest.approx([0.0, 0.5, 1e-12])


def test_trials_of_the_night() -> None:
    chance = np.array([0.01, 0.5])
    assert of_the_night(chance, np.array([100.0])) == pytest.approx(chance)
    assert of_the_night(chance, np.full(3, 100.0)) == pytest.approx(1.0 - (1.0 - chance) ** 3)
    # An event that can hardly have a match adds no more than the probability that it has one
    assert str(of_the_night(np.zeros(1), np.array([100.0]))[0]) == "0.0"  # and not -0.0
    assert of_the_night(chance, np.array([100.0, 1e-6])) == pytest.approx(chance + (1.0 - chance) * 1e-6)
    assert of_the_night(np.array([1.0]), np.array([1000.0])) == pytest.approx([1.0])
