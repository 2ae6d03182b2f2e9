"""Run Great Expectations suites on Spark frames: in memory, without a project folder, without a word to anybody."""

import logging
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from expectations.rules import Judged
from fink_lib.errors import ConfigError
from fink_lib.lake.rules import holds
from fink_lib.nightly.results import JsonObject

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext


def rule_columns(frame: DataFrame, rules: Iterable[Judged], columns: Iterable[str]) -> DataFrame:
    """Keep some columns and add a true-or-false column for each rule: a suite reads nothing else of the packet."""
    return frame.select(*columns, *(holds(judged.rule).alias(judged.column) for judged in rules))


def quiet_context() -> "AbstractDataContext":
    """Return a context that lives in memory, draws no progress bars and sends no usage statistics.

    Raises
    ------
    ConfigError
        When SPARK_REMOTE is set: Great Expectations would look for a Spark Connect server there.
    """
    if os.environ.get("SPARK_REMOTE"):
        raise ConfigError("SPARK_REMOTE is set: unset it, the suites run in the job's own Spark session")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    for name in ("great_expectations", "py4j", "posthog"):  # before the import, which says hundreds of lines itself
        logging.getLogger(name).setLevel(logging.ERROR)
    import great_expectations as gx  # noqa: PLC0415 - slow to import, and reads the environment when it is
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def judge(context: "AbstractDataContext", frame: DataFrame, suite: "ExpectationSuite") -> JsonObject:
    """Run a suite over a frame; return what it found, expectation by expectation."""
    source = context.data_sources.add_spark(name=suite.name, persist=False)
    batch = source.add_dataframe_asset(name=suite.name).add_batch_definition_whole_dataframe("night")
    found = batch.get_batch(batch_parameters={"dataframe": frame}).validate(
        suite, result_format={"result_format": "BASIC", "partial_unexpected_count": 3}
    )
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
