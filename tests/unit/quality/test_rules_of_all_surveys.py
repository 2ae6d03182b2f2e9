"""The rules of every survey can be counted in process: what DuckDB cannot say like Spark is found before a night."""

import pyarrow.dataset as ds
import pytest
import sqlglot
from sqlglot import exp

from expectations.suites import SUITES
from fink_lib.lake.rows import Rows
from fink_lib.lake.versions import Table
from fink_lib.quality.run_suites import count_rules
from fink_lib.surveys import SURVEYS, get_survey
from fink_lib.surveys.tables import night_specs

# Of these the two mean different things: an escape in a pattern, and sums of whole numbers beyond their width.
DIFFERENT = (exp.Like, exp.ILike, exp.RegexpLike)


@pytest.mark.parametrize("table", list(Table))
@pytest.mark.parametrize("name", sorted(SURVEYS))
def test_rules_are_counted_over_a_table_without_rows(name: str, table: Table) -> None:
    survey = get_survey(name)
    rows = Rows(ds.dataset(night_specs(survey)[table].plain_schema.empty_table()))
    suite = SUITES.rows[table]
    rules = suite.rules(survey)
    counted = count_rules(rows, rules, suite.keys)
    assert counted.rows == 0
    assert all(counted.broken(one.column, is_rule=True) == 0 for one in rules)
    for one in rules:
        assert list(sqlglot.parse_one(one.rule.holds, dialect="spark").find_all(*DIFFERENT)) == [], one.rule.name
