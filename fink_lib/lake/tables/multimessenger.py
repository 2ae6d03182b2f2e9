"""The tables of events that other messengers saw: their notices as they came, and what these tell."""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import (
    ALERT_ID,
    BY_NAME,
    CODE_VERSION,
    DEC,
    KAFKA_COLUMNS,
    NIGHT,
    OBJECT_ID,
    RA,
)
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import BOOL, DATE, TS, B, D, L, S, list_of

NOTICE_ID = column("notice_id", S, "SHA-256 of the notice's bytes.")
EVENT_ID = column("event_id", S, "Name of the event: `swift:1118357` say; tests and mocks begin with `test:`, `mock:`.")
RECEIVED_AT = column("received_at", TS, "When the notice arrived first (UTC).")


def bronze_event_notices() -> TableSpec:
    """Every notice that arrived, as it came, with what became of it."""
    return TableSpec(
        layer="bronze",
        survey="",
        name="event_notices",
        schema=pa.schema(
            [
                column("day", DATE, "Day on which the notice arrived first (UTC)."),
                NOTICE_ID,
                RECEIVED_AT,
                column("outcome", S, "event; no_event: it is understood and tells of none; unreadable."),
                column("reason", S, "Why it is no event; empty for one."),
                EVENT_ID,
                *KAFKA_COLUMNS,
                CODE_VERSION,
                column("content", B, "The notice as it came."),
            ]
        ),
        key=("notice_id",),
        comment="One row: a notice of an event that another messenger saw, as it came; a notice twice is one row.",
        written_by="`fink gcn listen`, `fink gcn play --direct`, the closing of a night (events)",
        partitioned_by=("day",),
    )


def gold_events() -> TableSpec:
    """One row for what each notice tells of its event; what stands of an event follows from all its rows."""
    return TableSpec(
        layer="gold",
        survey="",
        name="events",
        schema=pa.schema(
            [
                EVENT_ID,
                NOTICE_ID,
                column("mission", S, "Who saw it, in small letters."),
                column("instrument", S, "With which of its instruments; empty where it has one."),
                column("trigger_id", S, "The mission's own name of the event."),
                column("kind", S, "The mission's own name of the kind of notice."),
                column("messenger", S, "gamma_ray, x_ray, optical, radio, neutrino or gravitational_wave."),
                column("action", S, "initial, update or retraction."),
                column("purpose", S, "observation, test or mock; only observations are matched."),
                column("trigger_time", TS, "When the signal arrived (UTC)."),
                column("notice_time", TS, "When the notice was written (UTC); null where it does not say."),
                RECEIVED_AT,
                column("revision", L, "The sender's number of the notice within the event; null where there is none."),
                column("shape", S, "How the place is given: circle, ellipse, polygon, skymap; none for no region."),
                RA,
                DEC,
                column("semi_major_deg", D, "Semi-major axis of the error region.", "deg"),
                column("semi_minor_deg", D, "Semi-minor axis of the error region.", "deg"),
                column("position_angle_deg", D, "Position angle of the major axis, from north to east.", "deg"),
                column("containment", D, "Probability that the error region holds the source."),
                column("systematic_included", BOOL, "True when the region contains the systematic error."),
                column("corners_deg", list_of(D), "Corners of a polygon: right ascension, declination in turn.", "deg"),
                column("skymap_url", S, "Where a map can be fetched; a map within the notice is in its bytes."),
                column("name", S, "A name for people; may be empty."),
                column("known_source", S, "Name of a source that was known before; empty for a new one."),
                column("far_hz", D, "False-alarm rate as the sender states it.", "Hz"),
                column("significant", BOOL, "What the sender says of it; null where it says nothing."),
                column("classes", pa.map_(S, D), "Class → probability, as the sender states it."),
                column("follows", list_of(S), "Notices or events that this one cites."),
                CODE_VERSION,
            ]
        ),
        key=("notice_id",),
        comment="One row: what a notice tells of an event; the last word of each instrument is in force.",
        written_by="`fink gcn listen`, `fink gcn play --direct`, the closing of a night (events)",
        partitioned_by=("mission",),
    )


# What names a search of a night for an event: both tables begin with it
SEARCH = (
    NIGHT,
    EVENT_ID,
    column("basis", S, "Notices that it was made by: the last word, and the one that gives the place."),
    column("retracted", BOOL, "True when the event was taken back: its matches mean nothing."),
    column("trigger_time", TS, "When the event happened (UTC)."),
    column("messenger", S, "What carried its signal."),
)
OF_RUN = (
    column("method", S, "Version of the method of matching and of the probability."),
    column("silver_version", L, "Version of the silver table that was read."),
    CODE_VERSION,
)


def gold_event_searches(survey: str) -> TableSpec:
    """Every event that a night was searched for, also those without a match: they are the trials of the night."""
    return TableSpec(
        layer="gold",
        survey=survey,
        name="event_searches",
        schema=pa.schema(
            [
                *SEARCH,
                column("not_searched", S, "Why it was not searched for; empty where it was."),
                column("area_deg2", D, "Area of the region that was searched.", "deg^2"),
                column("sources_after", L, "New sources of the night that were first seen after the trigger."),
                column("expected", D, "Chance matches expected among them, good or bad."),
                column("matches", L, "New sources within the region."),
                column("least_chance", D, "Least probability by chance of these, for this event alone."),
                *OF_RUN,
            ]
        ),
        key=("night", "event_id"),
        comment="One row: a night searched for counterparts of an event, with what was expected by chance.",
        written_by="the closing of a night (events), `fink gcn match`",
        append_only=False,
    )


def gold_event_matches(survey: str) -> TableSpec:
    """Every new source in the region of an event, first seen after its trigger."""
    return TableSpec(
        layer="gold",
        survey=survey,
        name="event_matches",
        schema=pa.schema(
            [
                *SEARCH,
                ALERT_ID,
                OBJECT_ID,
                RA,
                DEC,
                column("first_seen", TS, "When the source was first detected (UTC)."),
                column("rank", D, "Probability of the smallest part of the region that holds it, in [0, 1]."),
                column("as_good", D, "Chance matches of this event expected to be as good as this one."),
                column("chance", D, "Probability of a chance match as good, for this event alone."),
                column("chance_night", D, "Probability that any event of the night has one, by chance."),
                column("host_mpc", D, "Luminosity distance of its host; null where none is known.", "Mpc"),
                column("nearer", D, "Share of a GW's probability on this line of sight that is nearer than the host."),
                *OF_RUN,
            ]
        ),
        key=("night", "event_id", "alert_id"),
        comment="One row: a new source of a night in the region of an event, with how likely that is by chance.",
        written_by="the closing of a night (events), `fink gcn match`",
        append_only=False,
        looked_up_by=BY_NAME,
    )
