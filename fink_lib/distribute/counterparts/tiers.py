"""Which topics a match with an event leaves by; after Fink's, with the probability of a chance match in their place."""

from fink_lib.filters.counterparts import GRB_BRONZE, GRB_GOLD, GRB_SILVER, GW_BRONZE
from fink_lib.multimessenger.event import Event, Messenger

FIVE_SIGMA = 5.73303143758389e-7  # erfc(5 / sqrt(2)): so seldom is a normal number five sigma from its mean
GOLD_RADIUS_DEG = 5.0
BURST_MISSIONS = frozenset({"fermi", "swift", "integral", "svom"})  # their X-ray and optical telescopes follow bursts


def is_burst(event: Event) -> bool:
    """Tell whether an event is a gamma-ray burst, or of an instrument that follows them."""
    return event.messenger is Messenger.GAMMA_RAY or event.mission in BURST_MISSIONS


def tiers_of(event: Event, chance: float, radius_deg: float, *, bronze: bool, gold: bool) -> tuple[str, ...]:
    """Return the tiers of a match; none for events that no topic is of, such as neutrinos.

    Parameters
    ----------
    event
        What is matched.
    chance
        Probability of a chance match as good, for this event alone.
    radius_deg
        Error radius of the event.
    bronze, gold
        Whether the alert meets the conditions of the survey.
    """
    if event.messenger is Messenger.GRAVITATIONAL_WAVE:
        return (GW_BRONZE,) if bronze else ()
    if not bronze or not is_burst(event):
        return ()
    if chance >= FIVE_SIGMA:
        return (GRB_BRONZE,)
    is_gold = gold and radius_deg <= GOLD_RADIUS_DEG
    return (GRB_BRONZE, GRB_SILVER, GRB_GOLD) if is_gold else (GRB_BRONZE, GRB_SILVER)
