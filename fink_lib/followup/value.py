"""What an observation would tell: the expected fall of the class entropy, for each minute of exposure.

An observation answers with one class. It names the true class with the accuracy `a` of its kind, and each of the other
`n - 1` classes with `(1 - a) / (n - 1)`. What it is expected to tell is the mutual information of class and answer
(Shannon 1948): the entropy of what is thought now, minus the mean entropy of what will be thought after each answer.

The time is that of an exposure limited by the sky: it grows with the flux to the power of -2, hence with
``10 ** (0.8 (mag - reference mag))``; extinction of the air dims by `k` magnitudes an airmass.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

LEAST_MINUTES = 0.5
LONGEST_MINUTES = 480.0


@dataclass(frozen=True)
class Instrument:
    """A kind of observation.

    Attributes
    ----------
    name
        What it is.
    accuracy
        Probability that it names the true class, at its reference signal-to-noise ratio.
    reference_mag, reference_minutes
        A source of this magnitude at the zenith takes this long.
    overhead_minutes
        Time beside the exposure.
    extinction_mag
        Magnitudes an airmass.
    """

    name: str
    accuracy: float
    reference_mag: float
    reference_minutes: float
    overhead_minutes: float
    extinction_mag: float = 0.12


INSTRUMENTS: Mapping[str, Instrument] = {
    one.name: one
    for one in (
        Instrument("spectrum-2m", 0.95, 18.0, 30.0, 8.0),  # FLOYDS-like: R = 500
        Instrument("spectrum-4m", 0.95, 20.0, 30.0, 10.0),  # Goodman-like
        Instrument("spectrum-8m", 0.97, 21.5, 30.0, 15.0),  # GMOS-like
        Instrument("imaging-1m", 0.60, 20.0, 5.0, 1.5),  # two colours
    )
}


@dataclass(frozen=True)
class Value:
    """What an observation of an object is worth, with the reasoning.

    Attributes
    ----------
    bits, bits_per_minute
        Expected fall of the entropy, and that for each minute of exposure and overhead; 0 where it cannot be observed.
    entropy
        Entropy of what is thought now, in bits.
    classes
        What is thought now.
    accuracy, minutes, airmass
        Of the observation.
    why
        The reasoning, in sentences.
    """

    bits: float
    bits_per_minute: float
    entropy: float
    classes: Mapping[str, float]
    accuracy: float
    minutes: float
    airmass: float | None
    why: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {**asdict(self), "classes": dict(self.classes), "why": list(self.why)}


def entropy(probabilities: Any) -> float:
    """Return the entropy of a distribution, in bits."""
    found = np.asarray(probabilities, dtype=float)
    found = found[found > 0.0]
    return float(-(found * np.log2(found)).sum()) + 0.0


def expected_bits(probabilities: Any, accuracy: float) -> float:
    """Return what an observation is expected to tell of a class, in bits.

    Parameters
    ----------
    probabilities
        Of the classes; they sum to 1.
    accuracy
        Probability that it names the true class; the others share the rest.
    """
    prior = np.asarray(probabilities, dtype=float)
    count = len(prior)
    if count < 2:  # noqa: PLR2004 - one class: nothing is left to be told
        return 0.0
    told = np.full((count, count), (1.0 - accuracy) / (count - 1))
    np.fill_diagonal(told, accuracy)
    answers = prior @ told
    return max(0.0, entropy(answers) - float(prior @ np.array([entropy(row) for row in told])))


def exposure_minutes(mag: float, airmass: float, instrument: Instrument) -> float:
    """Return how long an exposure takes that is as deep as the reference of an instrument.

    Parameters
    ----------
    mag
        Of the source.
    airmass
        1 at the zenith.
    instrument
        Its reference and extinction.

    Returns
    -------
    float
        Minutes of exposure without overhead, `LEAST_MINUTES` at least.
    """
    fainter = mag + instrument.extinction_mag * (airmass - 1.0) - instrument.reference_mag
    return max(LEAST_MINUTES, float(instrument.reference_minutes * 10.0 ** (0.8 * fainter)))


def value_of(
    classes: Mapping[str, float], mag: float | None, airmass: float | None, minutes_up: float, instrument: Instrument
) -> Value:
    """Return what an observation tonight would be worth.

    Parameters
    ----------
    classes
        Class → probability of what is thought now; what is missing to 1 counts as one class more, ``other``.
    mag
        Brightness; None where nobody knows.
    airmass, minutes_up
        Least airmass of the night, and how long it can be observed.
    instrument
        With what.
    """
    thought = _whole(classes)
    now = entropy(list(thought.values()))
    bits = expected_bits(list(thought.values()), instrument.accuracy)
    shown = ", ".join(f"{name} {share:.2f}" for name, share in thought.items())
    why = [
        f"classes now: {shown}: {now:.2f} bits",
        f"{instrument.name} names the true class with {instrument.accuracy:g}",
    ]
    if mag is None or not math.isfinite(mag) or airmass is None:
        why.append("not observable tonight" if airmass is None else "its brightness is not known")
        return Value(bits, 0.0, now, thought, instrument.accuracy, 0.0, airmass, tuple(why))
    exposure = exposure_minutes(mag, airmass, instrument)
    minutes = exposure + instrument.overhead_minutes
    why.append(
        f"{mag:.1f} mag at airmass {airmass:.2f}: {exposure:.0f} min, with {instrument.overhead_minutes:g} min more"
    )
    if exposure > min(minutes_up, LONGEST_MINUTES):
        why.append(f"it is up for {minutes_up:.0f} min only")
        return Value(bits, 0.0, now, thought, instrument.accuracy, minutes, airmass, tuple(why))
    why.append(f"expected fall {bits:.2f} bits: {bits / minutes:.4f} bits a minute")
    return Value(bits, bits / minutes, now, thought, instrument.accuracy, minutes, airmass, tuple(why))


def _whole(classes: Mapping[str, float]) -> dict[str, float]:
    total = sum(classes.values())
    if total > 1.0:
        return {name: share / total for name, share in classes.items()}
    rest = {} if total > 1.0 - 1e-9 else {"other": 1.0 - total}
    return {**classes, **rest}
