"""Row rules as Columns of Spark."""

import pyspark.sql.functions as F
from pyspark.sql import Column

from fink_lib.lake.rules import Rule


def holds(rule: Rule) -> Column:
    """Return the rule as a Column that is true or false, never null."""
    return F.coalesce(F.expr(rule.holds), F.lit(False))


def first_broken(rules: tuple[Rule, ...]) -> Column:
    """Return the name of the first rule that a row breaks, null where it breaks none."""
    return F.coalesce(*(F.when(~holds(rule), F.lit(rule.name)) for rule in rules))
