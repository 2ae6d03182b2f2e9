"""Filters that fire on what is said: which stand, and which of them a statement fires.

All of it is public: the rule, the statements that it heeds, and the alerts that leave.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fink_lib.community.bodies import Reaction
from fink_lib.community.draft import Draft
from fink_lib.community.kinds import PUBLIC, Kind
from fink_lib.community.people import STRANGER
from fink_lib.community.state import State
from fink_lib.filters.base import REACTION_PREFIX, topic_of
from fink_lib.filters.users.predicate import parse_predicate
from fink_lib.lake.tables.spec import column_paths
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import SURVEYS

MOST_OF_AN_AUTHOR = 20


@dataclass(frozen=True)
class Rule:
    """A filter that fires on what is said.

    Attributes
    ----------
    survey, said_by, statement_id
        Whose alerts it sends, who made it, and by which statement: its version.
    body
        What it heeds.
    """

    survey: str
    said_by: str
    statement_id: str
    body: Reaction

    @property
    def filter(self) -> str:
        """Its name among filters, which none of another kind can have."""
        return REACTION_PREFIX + self.body.reaction

    @property
    def topic(self) -> str:
        """Where alerts leave."""
        return topic_of(self.filter, self.survey)

    def fires_on(self, row: Mapping[str, Any]) -> bool:
        """Tell whether a statement fires it; what the alert must be like is asked of the alert."""
        told, wanted = json.loads(row["body"]), self.body
        label = row["label"] or told.get("classification") or None
        probability = row["probability"]
        return (
            row["survey"] == self.survey
            and row["statement_id"] > self.statement_id  # names sort by time: nothing that was said before it
            and row["object_id"] is not None
            and row["visibility"] == PUBLIC
            and row["kind"] in wanted.kinds
            and wanted.annotator in (None, told.get("annotator"))
            and wanted.author in (None, row["author"])
            and wanted.label in (None, label)
            and (wanted.min_probability == 0.0 or (probability is not None and probability >= wanted.min_probability))
        )


def rules_of(state: State, survey: str) -> list[Rule]:
    """Return the rules that stand for a survey and are active, by name: of one name the newest.

    Parameters
    ----------
    state
        What the log says; only public statements count.
    survey
        Name of the survey.
    """
    found = {}
    for row in state.select(STRANGER, [Kind.REACTION], survey=survey, visibility=PUBLIC):
        rule = Rule(survey, row["author"], row["statement_id"], Reaction.of(json.loads(row["body"])))
        found[rule.filter] = rule
    return [rule for _, rule in sorted(found.items()) if rule.body.active]


def why_not(draft: Draft, author: str, state: State) -> str | None:
    """Return why somebody may not make a rule; None where he may.

    Parameters
    ----------
    draft
        The statement that would make the rule.
    author
        Account that would say it.
    state
        What the log says.

    Raises
    ------
    ConfigError
        When its predicate cannot be used.
    """
    if draft.survey is None or draft.visibility != PUBLIC:
        return "a reaction sends public alerts of a survey on a public topic: name the survey, and say it to all"
    body = Reaction.of(draft.checked_body)
    if body.predicate:
        parse_predicate(body.predicate, column_paths(silver_spec(SURVEYS[draft.survey]).schema))
    standing = rules_of(state, draft.survey)
    other = next((rule for rule in standing if rule.body.reaction == body.reaction and rule.said_by != author), None)
    if other is not None:
        return f"'{body.reaction}' is a reaction of {other.said_by}: choose another name"
    mine = {rule.filter for rule in standing if rule.said_by == author} | {REACTION_PREFIX + body.reaction}
    return f"an account has {MOST_OF_AN_AUTHOR} reactions at most" if len(mine) > MOST_OF_AN_AUTHOR else None
