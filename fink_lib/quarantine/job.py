"""The job of the `replay_quarantine` DAG: show what a release would do, replay, or discard."""

import argparse
import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.lake.releases import KEY, Action
from fink_lib.nights import parse_night
from fink_lib.processes.endings import run_job
from fink_lib.quarantine.again import ask_again, of_enrich
from fink_lib.quarantine.browse import Place, Selection, chosen, today, values_of, with_bytes
from fink_lib.quarantine.release import Decision, Outcome, discard, replay, require_replayable
from fink_lib.streams.spec import Stage
from fink_lib.surveys import Damage, Survey, get_survey

SHOWN_AT_MOST = 200
STAGES = (str(Stage.INGEST), str(Stage.ENRICH))
NOTHING_SELECTED = "nothing is selected: name messages, a night, a stage, a topic or an error class"
VERBS = {"replay": Action.REPLAYED, "discard": Action.DISCARDED}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job; return an exit code, after one sentence on stderr when it fails."""
    asked = _parser().parse_args(arguments)
    return run_job("replay_quarantine", lambda: _done(Settings(), asked))


def _done(settings: Settings, asked: argparse.Namespace) -> list[str]:
    survey, selection = get_survey(asked.survey), _selection(asked)
    if asked.plan:
        check(settings, survey, selection)
        if asked.dry_run == str(False):
            check_release(VERBS[asked.action], selection)
            Decision(asked.who, asked.why)
        return plan(settings, survey, selection)
    decision = Decision(asked.who, asked.why)
    return [told(perform(settings, survey, VERBS[asked.action], selection, decision))]


def check(settings: Settings, survey: Survey, selection: Selection) -> None:
    """Refuse a selection by a value that no message of the quarantine has, those that were released included.

    Parameters
    ----------
    settings
        Of the broker.
    survey
        Whose quarantine.
    selection
        Its night, error class and topic are looked for; its places and its stage are not.

    Raises
    ------
    ConfigError
        Naming the value and those that there are.
    """
    asked = {"night": selection.night, "error_class": selection.error_class, "kafka_topic": selection.topic}
    for column, value in asked.items():
        there = values_of(settings.lake, survey, column) if value is not None else set[object]()
        if value is not None and value not in there:
            known = ", ".join(sorted(map(str, there))) or "nothing at all"
            raise ConfigError(f"the quarantine of {survey.name} has no {column} '{value}': it has {known}")


def check_release(action: Action, selection: Selection) -> None:
    """Refuse a release that cannot be made of any message.

    Parameters
    ----------
    action
        What is to become of the messages.
    selection
        Which messages.

    Raises
    ------
    ConfigError
        When nothing is selected, or a replay asks for messages of another stage that the code did not raise on.
    """
    if selection.is_everything:
        raise ConfigError(NOTHING_SELECTED)
    if action is Action.REPLAYED:
        require_replayable(selection)


def perform(
    settings: Settings,
    survey: Survey,
    action: Action,
    selection: Selection,
    decision: Decision,
    *,
    everything: bool = False,
) -> Outcome:
    """Release the messages of a selection; a replay into bronze builds a Spark session of its own.

    Parameters
    ----------
    settings, survey
        The broker, and whose quarantine.
    action, selection
        What is to become of which messages.
    decision
        Who decided so, and why.
    everything
        True lets an empty selection stand for all messages.

    Raises
    ------
    ConfigError
        When nothing is selected: a whole quarantine is replayed only where `everything` asks for it.
    """
    if selection.is_everything and not everything:
        raise ConfigError(NOTHING_SELECTED)
    if action is Action.DISCARDED:
        return discard(settings, survey, selection, decision)
    require_replayable(selection)
    rows = chosen(settings.lake, survey, selection, [*KEY, "night", "alert_id", "error_class"])
    again = of_enrich(rows)
    if not pc.any(pc.equal(rows["stage"], str(Stage.INGEST))).as_py():
        return ask_again(settings, survey, again, decision)
    from fink_lib.lake.spark.session import build_session  # noqa: PLC0415 - a discard needs no JVM

    session = build_session(f"quarantine-{survey.name}", settings)
    try:
        replayed = replay(session, settings, survey, selection, decision)
    finally:
        session.stop()
    return replayed.and_then(ask_again(settings, survey, again, decision)) if again.num_rows else replayed


def plan(settings: Settings, survey: Survey, selection: Selection) -> list[str]:
    """Say of each message what a replay would find, and count it.

    Parameters
    ----------
    settings
        Of the broker.
    survey
        Whose quarantine.
    selection
        Which messages.

    Returns
    -------
    Lines to be shown: the first `SHOWN_AT_MOST` messages, then the counts of all.
    """
    counts = Counter[str]()
    lines = heapq.nsmallest(SHOWN_AT_MOST, _told_today(settings, survey, selection, counts))
    total = ", ".join(f"{count} {what}" for what, count in sorted(counts.items())) or "nothing is selected"
    return [*(line for _, line in lines), f"{sum(counts.values())} messages: {total}"]


def _told_today(
    settings: Settings, survey: Survey, selection: Selection, counts: Counter[str]
) -> Iterator[tuple[tuple[str, int, int, str], str]]:
    """Yield the key of each message and what the code of today makes of it, and count that."""
    for row in with_bytes(settings.lake, survey, selection):
        what, state = _state_today(survey, row)
        counts[what] += 1
        key = (row["kafka_topic"], row["kafka_partition"], row["kafka_offset"], row["stage"])
        yield key, f"{Place.of(row)} {row['stage']} {row['error_class']} → {state}"


def _state_today(survey: Survey, row: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a message is counted as, and what a replay would make of it."""
    if row["stage"] == Stage.ENRICH:
        again = row["error_class"] == Damage.UNFORESEEN
        return (
            ("are tried again by enrich", "in bronze: enrich tries it again")
            if again
            else ("stay", "in bronze: reprocess its night")
        )
    now = today(survey, row["raw"])
    if now["error_now"] is None:
        return "decode now", f"decodes now: alert {now['alert_id_now']}"
    return "are still damaged", f"still {now['error_now']}"


def told(outcome: Outcome) -> str:
    """Say in one sentence what was done."""
    sentence = f"{outcome.released} of {outcome.messages} messages {outcome.action}"
    if outcome.nights:
        nights = ", ".join(f"{night} (+{count})" for night, count in sorted(outcome.nights.items()))
        sentence += f"; nights to be closed again: {nights}"
    if outcome.healed:
        sentence += f"; {outcome.healed} were in bronze already and are now recorded"
    if outcome.waiting:
        sentence += f"; {outcome.waiting} wait for enrich, which tries them again as soon as its driver runs"
    if outcome.still_damaged:
        bad = ", ".join(f"{count} {name}" for name, count in sorted(outcome.still_damaged.items()))
        sentence += f"; still damaged: {bad}"
    return sentence


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jobs/on_demand/replay_quarantine.py", description=__doc__)
    parser.add_argument("--survey", required=True)
    parser.add_argument("--action", choices=sorted(VERBS), default="replay")
    parser.add_argument("--plan", action="store_true", help="change nothing, say what would be done")
    for name in ("night", "stage", "error-class", "topic", "messages", "who", "why", "dry-run"):
        parser.add_argument(f"--{name}", default="")
    return parser


def _selection(asked: argparse.Namespace) -> Selection:
    """Read the form: empty fields ask for nothing; messages stand on lines or between commas.

    Raises
    ------
    ConfigError
        When no stage has that name.
    """
    if asked.stage not in ("", *STAGES):
        raise ConfigError(f"no messages are quarantined in '{asked.stage}': there are {' and '.join(STAGES)}")
    named = asked.messages.replace(",", "\n").split("\n")
    return Selection(
        places=tuple(Place.parse(text) for text in named if text.strip()),
        night=parse_night(asked.night) if asked.night else None,
        stage=asked.stage or None,
        error_class=asked.error_class or None,
        topic=asked.topic or None,
    )
