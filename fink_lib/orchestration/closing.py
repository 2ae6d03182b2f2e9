"""The order in which a night is closed, once for all DAGs that close nights."""

from collections.abc import Mapping

from airflow.sdk import BaseOperator, TriggerRule, chain

from fink_lib.orchestration.outcome import done

# Said whatever happened before: what is missing is said there too.
ALWAYS = frozenset({"report", "manifest"})


def trigger_rule(step: str) -> TriggerRule:
    """Return when a step runs: after all before it succeeded, or after all before it ended."""
    return TriggerRule.ALL_DONE if step in ALWAYS else TriggerRule.ALL_SUCCESS


def in_order(steps: Mapping[str, BaseOperator], *before: BaseOperator) -> None:
    """Put the steps in order.

    Reconcile and quality only read, and both must let a night pass before anything is built on it. Statistics read
    the versions that reconcile balanced, so that compaction beside them changes nothing.
    """
    gates = [steps["reconcile"], steps["quality"]]
    if before:
        chain(*before, gates)
    for gate in gates:
        chain(gate, [steps["crossmatch"], steps["events"], steps["statistics"], steps["serve"]])
    chain(steps["crossmatch"], steps["objects"], steps["compact"])
    last = [steps[step] for step in ("compact", "events", "statistics", "serve")]
    chain(last, steps["report"], steps["manifest"])
    done([*last, steps["report"], steps["manifest"]])
