"""A night in the tables made for reading beside its rules, when it has just been written."""

from collections.abc import Iterator, Mapping

import pyarrow.compute as pc

from fink_lib.lake.delta import delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.rows import Rows
from fink_lib.lake.tables.spec import full_name
from fink_lib.nightly.job import NightContext
from fink_lib.quality.run_suites import count_rules
from fink_lib.quality.suites import RowSuite


def broken_rows(context: NightContext, expected: Mapping[str, RowSuite]) -> list[str]:
    """Return, for each critical rule that the night breaks in a table, table, rule and how many rows do.

    Parameters
    ----------
    context
        The night.
    expected
        Last part of a table's name → its suite.
    """
    return [said for name, suite in expected.items() for said in _broken(context, name, suite)]


def _broken(context: NightContext, name: str, suite: RowSuite) -> Iterator[str]:
    path = context.settings.lake / full_name("gold", context.survey.name, name)
    rows = Rows(dataset_of(delta_table(path)), pc.field("night") == context.night)
    rules = [one for one in suite.rules(context.survey) if one.severity == "critical"]
    counted = count_rules(rows, rules, suite.keys)
    checks = [(one.rule.name, counted.broken(one.column, is_rule=True)) for one in rules]
    checks += [(key.name, counted.broken(key.column, is_rule=False)) for key in suite.keys]
    for rule, count in checks:
        if count:
            yield f"{name}.{rule} ({count} of {counted.rows} rows break it)"
