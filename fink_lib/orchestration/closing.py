"""The order in which a night is closed, once for all DAGs that close nights."""

from collections.abc import Mapping

from airflow.sdk import BaseOperator, TriggerRule, chain

from fink_lib.nightly.results import Step

# Said whatever happened before: what is missing is said there too.
ALWAYS = frozenset({Step.REPORT, Step.MANIFEST})


def trigger_rule(step: Step) -> TriggerRule:
    """Return when a step runs: after all before it succeeded, or after all before it ended."""
    return TriggerRule.ALL_DONE if step in ALWAYS else TriggerRule.ALL_SUCCESS


def in_order(steps: Mapping[Step, BaseOperator], *before: BaseOperator) -> None:
    """Put the steps in order.

    Reconcile and quality only read, and both must let a night pass before anything is built on it. Statistics read
    the versions that reconcile balanced, so that compaction beside them changes nothing. A step is a JVM that one
    core keeps busy: two side by side take the time of one.
    """
    gates = [steps[Step.RECONCILE], steps[Step.QUALITY]]
    last = [steps[Step.COMPACT], steps[Step.STATISTICS]]
    chain(*before, gates)
    chain(steps[Step.CROSSMATCH], steps[Step.COMPACT])
    for gate in gates:
        chain(gate, [steps[Step.CROSSMATCH], steps[Step.STATISTICS]])
    chain(last, steps[Step.REPORT], steps[Step.MANIFEST])
