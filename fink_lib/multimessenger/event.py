"""One event as a notice tells of it, whatever the mission and the format of the notice."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Messenger(StrEnum):
    """What carried the signal."""

    GAMMA_RAY = "gamma_ray"
    X_RAY = "x_ray"
    OPTICAL = "optical"
    RADIO = "radio"
    NEUTRINO = "neutrino"
    GRAVITATIONAL_WAVE = "gravitational_wave"


class Action(StrEnum):
    """What a notice does to its event."""

    INITIAL = "initial"
    UPDATE = "update"
    RETRACTION = "retraction"


class Purpose(StrEnum):
    """Why a notice was sent: only an observation may be matched with alerts."""

    OBSERVATION = "observation"
    TEST = "test"
    MOCK = "mock"


class Shape(StrEnum):
    """How a notice says where the event is."""

    NONE = "none"  # nowhere, or a position without an error
    CIRCLE = "circle"
    ELLIPSE = "ellipse"
    POLYGON = "polygon"
    SKYMAP = "skymap"


@dataclass(frozen=True)
class Localization:
    """Where an event is.

    Attributes
    ----------
    shape
        Which of the other fields say so.
    ra_deg, dec_deg
        Best position, ICRS; None where there is none.
    semi_major_deg, semi_minor_deg
        Semi-axes of the error region; equal for a circle.
    position_angle_deg
        Of the major axis, from north to east.
    containment
        Probability that the region holds the source, in (0, 1].
    systematic_included
        Whether the region contains the systematic error of the instrument.
    corners_deg
        Corners of a polygon: right ascension and declination in turn.
    skymap
        A HEALPix map as a FITS file, as it came.
    skymap_url
        Where such a map can be fetched.
    """

    shape: Shape = Shape.NONE
    ra_deg: float | None = None
    dec_deg: float | None = None
    semi_major_deg: float | None = None
    semi_minor_deg: float | None = None
    position_angle_deg: float = 0.0
    containment: float | None = None
    systematic_included: bool = True
    corners_deg: tuple[float, ...] = ()
    skymap: bytes | None = field(default=None, repr=False)
    skymap_url: str = ""


@dataclass(frozen=True)
class Event:
    """An event, as one notice tells of it.

    Attributes
    ----------
    mission, instrument
        Who saw it, in small letters; instruments of one mission may tell of one event.
    trigger_id
        The mission's own name of the event.
    kind
        The mission's own name of the kind of notice.
    messenger, action, purpose
        See there.
    trigger_time
        When the signal arrived (UTC).
    notice_time
        When the notice was written (UTC); None where it does not say.
    revision
        The sender's own number of the notice within the event and instrument, None where it gives none.
    where
        Place on the sky.
    name
        A name for people, such as ``GRB 230220A``; may be empty.
    known_source
        Name of the source where it was known before; empty for a new one.
    far_hz
        False-alarm rate that the sender states.
    significant
        What the sender says of it; None where it says nothing.
    classes
        Class → probability, as the sender states it.
    follows
        Identifiers of notices or events that this one cites.
    """

    mission: str
    instrument: str
    trigger_id: str
    kind: str
    messenger: Messenger
    action: Action
    purpose: Purpose
    trigger_time: dt.datetime | None
    notice_time: dt.datetime | None
    revision: int | None = None
    where: Localization = Localization()
    name: str = ""
    known_source: str = ""
    far_hz: float | None = None
    significant: bool | None = None
    classes: Mapping[str, float] = field(default_factory=dict)
    follows: tuple[str, ...] = ()

    @property
    def event_id(self) -> str:
        """Name of the event over all notices of it: mission and trigger.

        Tests and mocks are named so: they may bear the trigger of a real event, and must not change it.
        """
        name = f"{self.mission}:{self.trigger_id}"
        return name if self.purpose is Purpose.OBSERVATION else f"{self.purpose}:{name}"
