"""What a notice does not say of its mission: which messenger, and what its error radius means."""

from dataclasses import dataclass

from fink_lib.multimessenger.event import Messenger

# Of a JSON notice that gives none: GCN's Localization.schema.json
USUAL_CONTAINMENT = 0.9


@dataclass(frozen=True)
class Instrument:
    """An instrument that sends notices.

    Attributes
    ----------
    messenger
        What it sees.
    containment
        Probability within the error radius of its VOEvents.
    systematic_deg
        Systematic error of its positions (one sigma on each axis) where notices leave it out.
    """

    messenger: Messenger
    containment: float = USUAL_CONTAINMENT
    systematic_deg: float = 0.0


# Containment: descriptions of the notices at gcn.nasa.gov (GBM one sigma, Swift, LAT, INTEGRAL and IceCube 90 %).
# Systematic of GBM: 3.71 deg within 68 % (Connaughton et al. 2015, ApJS 216, 32: the core, 90 % of the bursts),
# which is 2.45 deg on each axis.
GBM_SYSTEMATIC_DEG = 2.45
INSTRUMENTS = {
    ("fermi", "gbm"): Instrument(Messenger.GAMMA_RAY, 0.683, GBM_SYSTEMATIC_DEG),
    ("fermi", "lat"): Instrument(Messenger.GAMMA_RAY),
    ("swift", "bat"): Instrument(Messenger.GAMMA_RAY),
    ("swift", "xrt"): Instrument(Messenger.X_RAY),
    ("swift", "uvot"): Instrument(Messenger.OPTICAL),
}
MISSIONS = {
    "asassn": Messenger.OPTICAL,
    "burstcube": Messenger.GAMMA_RAY,
    "calet": Messenger.GAMMA_RAY,
    "chime": Messenger.RADIO,
    "dsa110": Messenger.RADIO,
    "einstein_probe": Messenger.X_RAY,
    "fermi": Messenger.GAMMA_RAY,
    "hawc": Messenger.GAMMA_RAY,
    "icecube": Messenger.NEUTRINO,
    "integral": Messenger.GAMMA_RAY,
    "ipn": Messenger.GAMMA_RAY,
    "km3net": Messenger.NEUTRINO,
    "konus": Messenger.GAMMA_RAY,
    "lvk": Messenger.GRAVITATIONAL_WAVE,
    "maxi": Messenger.X_RAY,
    "moa": Messenger.OPTICAL,
    "superk": Messenger.NEUTRINO,
    "svom": Messenger.GAMMA_RAY,
    "swift": Messenger.GAMMA_RAY,
}


def instrument_of(mission: str, instrument: str) -> Instrument | None:
    """Return what is known of an instrument, else of its mission; None where that is unknown too.

    Parameters
    ----------
    mission, instrument
        In small letters; the instrument is empty where a notice names none.
    """
    known = INSTRUMENTS.get((mission, instrument))
    if known is not None or mission not in MISSIONS:
        return known
    return Instrument(MISSIONS[mission])
