"""Columns of silver about the object of another survey that an alert's object is paired with."""

from fink_lib.lake.tables.spec import column
from fink_lib.lake.tables.types import BOOL, D, S

PARTNER_COLUMNS = (
    column("partner_survey", S, "Survey of the object that this one is paired with by position; null for none."),
    column("partner_id", S, "That survey's name of it: the nearest, where several lie within the radius."),
    column("partner_sep_arcsec", D, "Angle between the mean positions of the two objects.", "arcsec"),
    column("partner_chance", D, "Probability that an unrelated object of that survey is as near."),
    column("partner_ambiguous", BOOL, "True where another candidate is not linked to this one as the same."),
    column("partner_tables", S, "Table and version that it was looked up in; null where it could not be."),
)
PARTNER_NAMES = tuple(one.name for one in PARTNER_COLUMNS)
