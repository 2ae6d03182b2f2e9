"""The tables of objects: those of each survey, what moves, and which objects of two surveys are one."""

import pyarrow as pa

from fink_lib.lake.tables.alert_columns import DEC, RA
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.lake.tables.types import BOOL, COUNTS, DATE, D, L, N, S, list_of

CELL = column("cell", N, "HEALPix cell of the position (NESTED, order 11); the table is sorted by it.")
BANDS = column("bands", COUNTS, "Alerts by band.")
FIRST_TIME = column("first_time", D, "Time of its first alert, as the survey counts it.", "day")
LAST_TIME = column("last_time", D, "Time of its last alert, as the survey counts it.", "day")
FIRST_NIGHT = column("first_night", DATE, "Night of its first alert.")
LAST_NIGHT = column("last_night", DATE, "Night of its last alert.")
ALERTS = column("alerts", L, "Alerts of it that passed the cuts.")
LAST_ALERT = column("last_alert_id", L, "Identifier of its last alert.")
CLASS = column("class", S, "What most of its alerts with a class say; null where none says anything.")
REASON = column("class_reason", S, "Which column says so, of how many of its alerts, and when last.")
# What one night says of one object: sums that add up over nights in any order of their closing
OF_NIGHT = (
    column("night", DATE, "The night."),
    column("alerts", L, "Alerts of it in the night."),
    column("may_move", L, "Of those, how many may be of a moving object."),
    column("first_time", D, "Time of the first of them.", "day"),
    column("last_time", D, "Time of the last of them.", "day"),
    column("last_alert_id", L, "Identifier of the last of them."),
    column("x", D, "Mean of their unit vectors, towards (RA, Dec) = (0, 0)."),
    column("y", D, "The same, towards (90, 0)."),
    column("z", D, "The same, towards the north pole."),
    column("last_ra", D, "Right ascension of the last of them.", "deg"),
    column("last_dec", D, "Declination of the last of them.", "deg"),
    column("scatter_arcsec2", D, "Sum of their squared distances from that mean.", "arcsec2"),
    column("error_arcsec2", D, "Sum of their squared position errors, an axis.", "arcsec2"),
    column("bands", COUNTS, "Alerts by band."),
    column("labels", COUNTS, "Alerts by class; those without a class are not in it."),
)
NIGHTS = column("nights", list_of(pa.struct(list(OF_NIGHT))), "What each night says of it; the row is their sum.")
WRITTEN_BY = "the closing of a night (objects), `fink object rebuild`"


def gold_objects(survey: str) -> TableSpec:
    """Every object of a survey that stays in its place."""
    return TableSpec(
        layer="gold",
        survey=survey,
        name="objects",
        schema=pa.schema(
            [
                CELL,
                column("object_id", S, "The survey's own name of the object."),
                RA.with_metadata({**RA.metadata, b"meaning": b"Mean right ascension of its alerts."}),
                DEC.with_metadata({**DEC.metadata, b"meaning": b"Mean declination of its alerts."}),
                column("position_error_arcsec", D, "Error of that position, one sigma an axis.", "arcsec"),
                column("may_move", BOOL, "True where each of its alerts may be of a moving object."),
                *(ALERTS, FIRST_TIME, LAST_TIME, FIRST_NIGHT, LAST_NIGHT, LAST_ALERT, BANDS, CLASS, REASON, NIGHTS),
            ]
        ),
        key=("object_id",),
        comment="One row: an object that stays in its place, with what each night says of it.",
        written_by=WRITTEN_BY,
        partitioned_by=(),
        append_only=False,
        indexed_columns=11,
        looked_up_by=("object_id",),
        file_mb=64,
    )


def gold_moving_objects(survey: str) -> TableSpec:
    """Every moving object that alerts of a survey name."""
    return TableSpec(
        layer="gold",
        survey=survey,
        name="moving_objects",
        schema=pa.schema(
            [
                CELL.with_metadata(
                    {**CELL.metadata, b"meaning": b"HEALPix cell of its last place (NESTED, order 11)."}
                ),
                column("designation", S, "Its designation: a number, or year and letters, never packed."),
                column("last_ra", D, "Right ascension of its last alert.", "deg"),
                column("last_dec", D, "Declination of its last alert.", "deg"),
                *(ALERTS, FIRST_TIME, LAST_TIME, FIRST_NIGHT, LAST_NIGHT, LAST_ALERT, BANDS, NIGHTS),
            ]
        ),
        key=("designation",),
        comment="One row: a moving object by its designation, with what each night says of it.",
        written_by=WRITTEN_BY,
        partitioned_by=(),
        append_only=False,
        indexed_columns=9,
        looked_up_by=("designation",),
        file_mb=64,
    )


def gold_object_pairs() -> TableSpec:
    """Which objects of two surveys are at one place, and which of one survey are there twice."""
    return TableSpec(
        layer="gold",
        survey="",
        name="object_pairs",
        schema=pa.schema(
            [
                CELL.with_metadata(
                    {**CELL.metadata, b"meaning": b"HEALPix cell (NESTED, order 11) of a; -1 if moving."}
                ),
                column("kind", S, "position; designation (both move); same_survey (one survey has it twice)."),
                column("survey_a", S, "Survey of a; by the alphabet the first of the two."),
                column("object_a", S, "Object of it: its name, or its designation if it moves."),
                column("survey_b", S, "Survey of b."),
                column("object_b", S, "Object of it."),
                column("separation_arcsec", D, "Angle between their mean positions; null if they move.", "arcsec"),
                column("position_error_a_arcsec", D, "Error of a's position, one sigma an axis.", "arcsec"),
                column("position_error_b_arcsec", D, "Error of b's position, one sigma an axis.", "arcsec"),
                column("candidates_a", N, "Objects of a's survey within the radius of b."),
                column("candidates_b", N, "Objects of b's survey within the radius of a."),
                column("rank_a", N, "Place of a among those candidates, by separation, from 1."),
                column("rank_b", N, "Place of b among those candidates, by separation, from 1."),
                column("ambiguous", BOOL, "True where another candidate is not linked to this one as the same."),
                column("density_a_arcmin2", D, "Objects of a's survey around b.", "arcmin-2"),
                column("density_b_arcmin2", D, "Objects of b's survey around a.", "arcmin-2"),
                column("chance_a", D, "Probability that an unrelated object of a's survey is as near to b."),
                column("chance_b", D, "Probability that an unrelated object of b's survey is as near to a."),
                column("since_night", DATE, "Night from which both are known."),
                column("radius_arcsec", D, "Radius within which pairs were looked for; null if they move.", "arcsec"),
                column("rule", S, "Rule that made the pair, with its version."),
            ]
        ),
        key=("kind", "survey_a", "object_a", "survey_b", "object_b"),
        comment="One row: two objects that are taken to be one, with how sure that is.",
        written_by=WRITTEN_BY,
        partitioned_by=(),
        append_only=False,
        indexed_columns=6,
        looked_up_by=("object_a", "object_b"),
        file_mb=64,
    )
