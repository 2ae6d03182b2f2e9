"""Run Great Expectations suites on what was counted: in memory, no project folder, not a word to anybody."""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fink_lib.files import JsonObject
from fink_lib.lake.aggregates import aggregates, holds, repeated
from fink_lib.lake.rows import Rows
from fink_lib.quality.docs import DocsFolder
from fink_lib.quality.rules import Judged, Key

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext


@dataclass(frozen=True)
class Counted:
    """The numbers of a table's suite.

    Attributes
    ----------
    rows
        Rows that were looked at.
    facts
        Share of rows that hold a rule, or number of keys that stand twice, by column of the suite.
    """

    rows: int
    facts: Mapping[str, float]

    def broken(self, column: str, *, is_rule: bool) -> int:
        """Return how many rows break a rule or repeat a key.

        Parameters
        ----------
        column
            Of the rule or of the key.
        is_rule
            True for a rule; a column of a key holds the number itself.
        """
        value = self.facts[column]
        return round((1.0 - value) * self.rows) if is_rule else int(value)


def count_rules(rows: Rows, rules: Sequence[Judged], keys: Sequence[Key]) -> Counted:
    """Count, in one pass, the rows that hold each rule and those whose key stands twice.

    Parameters
    ----------
    rows
        Rows of the night.
    rules, keys
        What is counted. Where there are no rows, every rule holds.
    """
    wanted = {one.column: holds(one.rule.holds) for one in rules}
    wanted |= {key.column: repeated(key.columns, key.nullable) for key in keys}
    found = aggregates(rows, {"rows": "count(*)", **wanted})
    count = int(found["rows"])
    held = {one.column: found[one.column] / count if count else 1.0 for one in rules}
    return Counted(count, held | {key.column: float(found[key.column]) for key in keys})


def quiet_context() -> "AbstractDataContext":
    """Return a context that lives in memory, draws no progress bars and sends no usage statistics."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    for name in ("great_expectations", "py4j", "posthog"):  # before the import, which says hundreds of lines itself
        logging.getLogger(name).setLevel(logging.ERROR)
    import great_expectations as gx  # noqa: PLC0415 - slow to import, and reads the environment when it is
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def judge(
    context: "AbstractDataContext",
    counted: Counted,
    rules: Sequence[Judged],
    suite: "ExpectationSuite",
    docs: DocsFolder | None = None,
) -> JsonObject:
    """Run a table's suite over what was counted; return what it found, expectation by expectation.

    Parameters
    ----------
    context
        As `quiet_context` makes it.
    counted
        Of `count_rules`, for these rules.
    rules
        Row rules of the suite.
    suite
        Expectations on rules and keys.
    docs
        Takes the page of the suite; None draws none.
    """
    found = judge_rows(context, [counted.facts], suite, docs)
    columns = {one.rule.name: one.column for one in rules}
    for one in found["expectations"]:
        is_rule = one["name"] in columns
        column = columns[one["name"]] if is_rule else f"key_{one['name']}"
        broken = counted.broken(column, is_rule=is_rule)
        one |= {"rows": counted.rows, "unexpected": broken, "observed": f"{broken} of {counted.rows} rows break it"}
    return found


def judge_rows(
    context: "AbstractDataContext",
    rows: Sequence[Mapping[str, Any]],
    suite: "ExpectationSuite",
    docs: DocsFolder | None = None,
) -> JsonObject:
    """Run a suite over a few rows.

    Parameters
    ----------
    context
        As `quiet_context` makes it.
    rows
        Column → value, at least one row.
    suite
        Expectations on these columns.
    docs
        Takes the page of the suite; None draws none.

    Returns
    -------
    Name of the suite, what each expectation found, how many passed and failed, and the critical ones that failed.
    """
    import pandas as pd  # noqa: PLC0415 - with the package that needs it

    return _validate(context.data_sources.add_pandas(name=suite.name), pd.DataFrame(list(rows)), suite, docs)


def judge_row(
    context: "AbstractDataContext",
    facts: Mapping[str, float],
    suite: "ExpectationSuite",
    docs: DocsFolder | None = None,
) -> JsonObject:
    """Run a suite over one row of numbers.

    Parameters
    ----------
    context
        As `quiet_context` makes it.
    facts
        Column → number.
    suite
        Expectations on these columns.
    docs
        Takes the page of the suite; None draws none.

    Returns
    -------
    As `judge_rows`.
    """
    return judge_rows(context, [facts], suite, docs)


def _validate(source: Any, frame: Any, suite: "ExpectationSuite", docs: DocsFolder | None) -> JsonObject:
    batch = source.add_dataframe_asset(name=suite.name).add_batch_definition_whole_dataframe("night")
    found = batch.get_batch(batch_parameters={"dataframe": frame}).validate(
        suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 3}
    )
    if docs is not None:
        docs.add(suite.name, found)
    results = [_finding(result) for result in found.results]
    return {"suite": suite.name, "empty": False, "expectations": results, **tally(results)}


def tally(results: Iterable[JsonObject]) -> JsonObject:
    """Count the expectations that passed and failed, and name the critical ones that failed."""
    all_of_them = list(results)
    passed = sum(bool(result["success"]) for result in all_of_them)
    failed = [one["name"] for one in all_of_them if not one["success"] and one["severity"] == "critical"]
    return {"passed": passed, "failed": len(all_of_them) - passed, "critical_failed": failed}


def empty_suite(name: str) -> JsonObject:
    """Say that there was nothing to judge: a table without a row passes, and is not counted as having passed."""
    return {"suite": name, "empty": True, "expectations": [], **tally([])}


def _finding(result: Any) -> JsonObject:
    config, facts = result.expectation_config, result.result
    meta = config.meta or {}
    error = (result.exception_info or {}).get("exception_message")
    return {
        "name": meta.get("name", config.type),
        "meaning": meta.get("meaning", ""),
        "type": config.type,
        "severity": str(getattr(config.severity, "value", config.severity)),
        "success": bool(result.success),
        "rows": facts.get("element_count"),
        "unexpected": facts.get("unexpected_count"),
        "observed": _observed(facts),
        "examples": [str(value) for value in facts.get("partial_unexpected_list", [])][:3],
        "error": error,
    }


def _observed(facts: JsonObject) -> str:
    if "observed_value" in facts:
        return f"{facts['observed_value']}"
    if facts.get("unexpected_count") is None:
        return "not computed"
    return f"{facts['unexpected_count']} of {facts.get('element_count')} rows break it"
