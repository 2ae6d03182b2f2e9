"""What the tables made for reading and the HTTP API say of a survey's alerts, and under which names."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ServedFacts:
    """How alerts of a survey are served.

    Attributes
    ----------
    packet_prefix, science_prefix
        What stands before the names of packet fields and of science columns in answers, as in Fink's API.
    object_parameter, alert_parameter
        What requests call the ids of an object and of an alert.
    time_column
        Field of the current point that holds the time of the observation.
    kept
        Fields of the current point that `sources` keeps; every other one is read from silver when it is asked for.
    science
        Science columns that `sources` keeps, where silver has them.
    class_column
        Science column that is the class of an alert; empty where there is none.
    object_record
        Record of the packet about the object as a whole; empty where packets have none.
    by_object
        What Fink's API calls the route that gives the alerts of an object: ``objects`` or ``sources``.
    total_flux
        Fields of the current point with the flux (nJy) of the source itself, not of the difference, and its error;
        empty where packets have none.
    elsewhere
        Where other brokers show an object: what they are called → address, with ``{object}`` for its name.
    """

    packet_prefix: str = "i:"
    science_prefix: str = "d:"
    object_parameter: str = "objectId"
    alert_parameter: str = "candid"
    time_column: str = "jd"
    kept: tuple[str, ...] = ("magpsf", "sigmapsf", "diffmaglim", "isdiffpos", "rb")
    science: tuple[str, ...] = ("vsx", "gcvs", "tns")
    class_column: str = ""
    object_record: str = ""
    by_object: str = "objects"
    total_flux: tuple[str, ...] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
