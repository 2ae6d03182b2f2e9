"""What a step leaves behind is of its declared shape; what is not is never stored."""

from pathlib import Path

import pytest

from fink_lib.contracts.steps import RESULTS
from fink_lib.errors import ConfigError
from fink_lib.nightly import compact, crossmatch, events, objects
from fink_lib.nightly.job import NightContext, Outcome, perform
from fink_lib.nightly.reconcile.step import look
from fink_lib.nightly.results import Step, check_result, result_path
from fink_lib.nightly.serve import step as serve
from fink_lib.testing.nights import FakeKafka


def nothing_broken(_: NightContext) -> list[str]:
    return []


def test_the_steps_of_a_night_keep_their_contracts(context: NightContext, good_night: FakeKafka) -> None:
    found = {
        Step.RECONCILE: look(context, good_night, good_night).as_json(context),
        Step.CROSSMATCH: crossmatch.run(context, nothing_broken).result,
        Step.OBJECTS: objects.run(context).result,
        Step.EVENTS: events.run(context).result,
        Step.COMPACT: compact.run(context).result,
        Step.SERVE: serve.run(context, nothing_broken).result,
    }
    for step, facts in found.items():
        check_result(step, facts)
    elsewhere = {Step.QUALITY, Step.MANIFEST}  # beside what they find
    assert {*found, *elsewhere} == set(RESULTS)


def test_a_result_of_another_shape_is_not_stored(context: NightContext) -> None:
    files = {"files": 3, "bytes": 10, "rows": -1}
    table = {"before": files, "after": files, "fewest": 1, "file_mb": 256, "version": 4}
    facts = {"survey": "ztf", "night": "2021-11-22", "tables": {"bronze": table}}
    with pytest.raises(ConfigError, match=r"step-compact: 'tables.bronze.before.rows' is -1"):
        perform(context, Step.COMPACT, lambda _: Outcome(facts))
    assert not Path(result_path(context.folder, Step.COMPACT)).exists()
