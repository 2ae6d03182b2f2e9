"""Row rules of an alert, once: the stream splits on them, the nightly suites count by the same names."""

from dataclasses import dataclass

import pyspark.sql.functions as F
from pyspark.sql import Column

from fink_lib.surveys import Survey

# The years that `fink_lib.nights` accepts, as days since 1970-01-01.
FIRST_DAY, LAST_DAY = -25567, 84000


@dataclass(frozen=True)
class Rule:
    """One thing that must be true of every alert.

    Attributes
    ----------
    name
        What quarantine and the nightly suites call it.
    holds
        Spark SQL predicate over the identity columns; null counts as false.
    meaning
        One sentence for the person who finds an alert that breaks it.
    """

    name: str
    holds: str
    meaning: str


def row_rules(survey: Survey) -> tuple[Rule, ...]:
    """Return the rules of a survey's alerts, over the identity columns of bronze, the gravest first."""
    days = f"(time + {survey.night.days_to_epoch!r}D)"
    return (
        Rule("alert_id", "alert_id IS NOT NULL", "An alert has an id."),
        Rule(
            "object_id", "object_id IS NULL OR is_valid_utf8(object_id)", "An object's name, where it has one, is text."
        ),
        Rule(
            "time",
            f"{days} >= {FIRST_DAY} AND {days} < {LAST_DAY + 1}",
            "The observation time is a number and lies within the years 1900 to 2200.",
        ),
        Rule("ra", "ra >= 0 AND ra < 360", "Right ascension is a number of degrees in [0, 360)."),
        Rule("dec", "dec >= -90 AND dec <= 90", "Declination is a number of degrees in [-90, 90]."),
    )


def holds(rule: Rule) -> Column:
    """Return the rule as a Column that is true or false, never null."""
    return F.coalesce(F.expr(rule.holds), F.lit(False))


def first_broken(rules: tuple[Rule, ...]) -> Column:
    """Return the name of the first rule that a row breaks, null where it breaks none."""
    return F.coalesce(*(F.when(~holds(rule), F.lit(rule.name)) for rule in rules))
