"""What is known of a survey beyond its packets' frame, in groups: its nights, its rules, its columns, its reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pyarrow.compute as pc

from fink_lib.sky import Site


@dataclass(frozen=True)
class NightCalendar:
    """When the telescope observes.

    Attributes
    ----------
    site
        Where it stands: the Sun rises there.
    """

    site: Site


@dataclass(frozen=True)
class PacketRule:
    """What must be true of a packet field.

    Attributes
    ----------
    name
        What results call it.
    holds
        Spark SQL predicate over the packet's fields.
    meaning
        One sentence for the person who finds an alert that breaks it.
    severity
        ``critical``: enrich sets aside an alert that breaks it, so that no single packet stops a night; ``warning``
        is reported.
    mostly
        Share of a night's alerts that must hold it: less than 1 for what some packets are known to break.
    """

    name: str
    holds: str
    meaning: str
    severity: Literal["critical", "warning", "info"] = "warning"
    mostly: float = 1.0


def within_unit_range(name: str, path: str, what: str, severity: Literal["critical", "warning"]) -> PacketRule:
    """Return the rule that a score lies in [0, 1] where a packet has one.

    Parameters
    ----------
    name
        What results call the rule.
    path
        The packet field.
    what
        What the score is, for the sentence.
    severity
        As in `PacketRule`.
    """
    return PacketRule(name, f"{path} IS NULL OR {path} BETWEEN 0 AND 1", f"The {what} lies in [0, 1].", severity)


@dataclass(frozen=True)
class OutsideColumn:
    """A fact that a remote service or a module to come can fill.

    Attributes
    ----------
    path
        Name of the column.
    avro_type
        Avro type of its values.
    unit
        Unit, or an empty text.
    """

    path: str
    avro_type: str
    unit: str = ""


@dataclass(frozen=True)
class ColumnFacts:
    """What filters may know of the survey's columns.

    Attributes
    ----------
    units
        Unit of packet fields, by the last part of their path; every other one is a pure number, a flag or a text.
    ucds
        What packet fields are, in the IVOA's controlled words (UCD1+), by the last part of their path.
    outside
        Columns that are there only where somebody fills them.
    """

    units: Mapping[str, str] = field(default_factory=dict)
    ucds: Mapping[str, str] = field(default_factory=dict)
    outside: tuple[OutsideColumn, ...] = ()


@dataclass(frozen=True)
class NightFlag:
    """A yes or no that a night's statistics count.

    Attributes
    ----------
    holds
        Condition on rows of silver; null counts as not flagged.
    needs
        Columns that it reads; a night whose silver lacks one has no such flag.
    """

    holds: pc.Expression = field(compare=False)
    needs: tuple[str, ...]


# Flags over the outputs of science modules that run for several surveys
# Types of GCVS and VSX that are no variable star: of other galaxies, or constant.
NO_VARIABLE = "^ *(SN|GAL|AGN|QSO|BLLAC|BLAZAR|CST|NON-CV)"


def _is_variable(catalogue: str) -> pc.Expression:
    """Return where a catalogue has a source, and not one that it lists by mistake; its type can be unknown."""
    kind = pc.coalesce(pc.field(catalogue), pc.scalar(""))
    return pc.field(f"{catalogue}_sep_arcsec").is_valid() & ~pc.match_substring_regex(
        kind, NO_VARIABLE, ignore_case=True
    )


CATALOGUED_VARIABLE = {
    "catalogued_variable": NightFlag(
        _is_variable("vsx") | _is_variable("gcvs"),
        ("vsx", "vsx_sep_arcsec", "gcvs", "gcvs_sep_arcsec"),
    )
}


@dataclass(frozen=True)
class NightFacts:
    """What the statistics and the report of a night look at.

    Attributes
    ----------
    scores
        Packet fields with real-bogus scores, in order of trust: the first that is there ranks an alert.
    flags
        Name → flag.
    sky_field
        Packet field that says which field of the sky an exposure is of; empty where packets do not say.
    moving
        Column of silver that tells what may move; tracklets are linked out of these alerts. Empty for none.
    label
        Column of silver that holds the class of an alert; empty where there is none.
    """

    scores: tuple[str, ...] = ()
    flags: Mapping[str, NightFlag] = field(default_factory=lambda: CATALOGUED_VARIABLE)
    sky_field: str = ""
    moving: str = ""
    label: str = ""


@dataclass(frozen=True)
class NewSources:
    """Which alerts may be of something new, such as the counterpart of a gamma-ray burst.

    Attributes
    ----------
    first_seen
        Packet field with the time of the first detection, in the survey's time; null and 0 are no time.
    trusted
        Condition on rows of silver: a real source that is neither a known star nor in the Solar System; null means no.
    needs
        Columns of silver that it reads.
    host_mpc
        Column of silver with the luminosity distance of a host; empty where there is none.
    """

    first_seen: str
    trusted: pc.Expression = field(compare=False)
    needs: tuple[str, ...]
    host_mpc: str = ""


@dataclass(frozen=True)
class KnowledgeFacts:
    """Which science and which filters run for the survey's alerts.

    Attributes
    ----------
    stream_modules
        Science modules that its enrich stream runs; None for all that fit.
    common_filters
        Filters of `fink_lib.filters.common` that are offered; None for all that fit.
    """

    stream_modules: tuple[str, ...] | None = None
    common_filters: tuple[str, ...] | None = None
