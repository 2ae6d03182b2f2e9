"""What must be true of the records: who released, decided, added or was told what, and which versions made silver.

A record that numbers are built on is critical: releases count in the equation, and what runs is read off the events of
users' filters. The others are reported.
"""

from typing import TYPE_CHECKING

from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.columns import in_range, known, once, one_of, suite
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

LOST_AT = ("topic", "partition", "first_offset", "last_offset")
STAGES = ("ingest", "enrich")
LOSSES = ("found", "accepted")
RELEASED = ("replayed", "discarded")
FACTS = ("code", "module", "catalog", "model")
DECISIONS = ("promote", "discard", "undo")
EVENTS = ("add", "activate", "pause")
NOTICES = ("queued", "kept", "sending", "delivered", "failed", "uncertain")


def releases(survey: Survey) -> "ExpectationSuite":
    """Return the suite over a night's releases from the quarantine."""
    return suite(
        full_name("bronze", survey.name, "releases"),
        once("release", "A quarantined message is released once.", (*KAFKA_KEY, "stage")),
        *(known(name, "A release says which message it is about.", "critical") for name in KAFKA_KEY),
        known("action", "A release says what became of the message.", "critical"),
        one_of("action", RELEASED, "A message is replayed or discarded, and counted so.", "critical"),
        one_of("stage", STAGES, "The stage is one that quarantines.", "warning"),
        known("who", "A release says who made it.", "warning"),
        known("why", "A release says why it was made.", "warning"),
    )


def topics(survey: Survey) -> "ExpectationSuite":
    """Return the suite over the input topics of a survey."""
    return suite(
        full_name("bronze", survey.name, "topics"),
        once("topic", "An id of a topic is noted once.", ("topic", "generation", "topic_id"), "warning"),
        known("topic", "A topic has a name.", "critical"),
        known("name", "Rows name the topic that they arrived on.", "critical"),
        in_range("generation", "Topics of one name are counted from 1.", "critical", low=1),
    )


def known_losses(survey: Survey) -> "ExpectationSuite":
    """Return the suite over the losses of a survey."""
    return suite(
        full_name("gold", survey.name, "known_losses"),
        once("loss", "A loss is found once and accepted once.", ("topic", "partition", "first_offset", "event")),
        *(known(name, "A loss says which messages it is about.", "critical") for name in LOST_AT),
        one_of("event", LOSSES, "A loss is found or accepted, and counted so.", "critical"),
        known("why", "A loss says how it came about, or why it was accepted.", "warning"),
    )


def schemas() -> "ExpectationSuite":
    """Return the suite over the writer schemas of a survey's packets."""
    return suite(
        full_name("bronze", None, "schemas"),
        known("schema_sha256", "Rows of bronze name the schema of their packet by its digest.", "critical"),
        known("text", "The packets of bronze can be read: their schema is there.", "critical"),
        known("survey", "A schema belongs to a survey.", "warning"),
    )


def science_facts(survey: Survey) -> "ExpectationSuite":
    """Return the suite over the versions that digests of silver stand for."""
    return suite(
        full_name("silver", survey.name, "science_facts"),
        once("fact", "A digest names a version once.", ("digest", "kind", "name", "outputs"), "warning"),
        known("digest", "A fact belongs to a digest.", "critical"),
        known("version", "Each row of silver can be traced to versions.", "critical"),
        one_of("kind", FACTS, "A fact is about code, a module, a catalogue or a model.", "warning"),
    )


def decisions() -> "ExpectationSuite":
    """Return the suite over the decisions on reprocessings of a survey."""
    return suite(
        full_name("gold", None, "decisions"),
        once("decision", "A reprocessing is promoted, discarded or undone once.", ("request_id", "action"), "warning"),
        known("decided_by", "A decision says who took it.", "warning"),
        known("decided_at", "A decision says when it was taken.", "warning"),
        one_of("action", DECISIONS, "A decision promotes, discards or undoes.", "warning"),
    )


def user_filters() -> "ExpectationSuite":
    """Return the suite over the events of users' filters of a survey."""
    return suite(
        full_name("gold", None, "user_filters"),
        once("event", "An event of a filter has a number of its own.", ("name", "event")),
        known("action", "An event says what was done.", "critical"),
        one_of("action", EVENTS, "A filter is added, activated or paused.", "critical"),
        known("predicate", "A filter has a predicate.", "critical"),
        known("owner", "Somebody answers for a filter.", "warning"),
        known("by", "An event says who caused it.", "warning"),
        in_range("match_rate", "A match rate is a share.", "warning", low=0, high=1),
    )


def notices() -> "ExpectationSuite":
    """Return the suite over what was told, or is to be told, of a night."""
    return suite(
        full_name("gold", None, "notices"),
        once("step", "A step of a notice is recorded once.", ("subscription", "key", "step"), "warning"),
        one_of("action", NOTICES, "A step is one that is known.", "warning"),
        known("at", "A step says when it was taken.", "warning"),
        in_range("step", "Steps count from 1.", "warning", low=1),
    )


def filter_failures(survey: Survey) -> "ExpectationSuite":
    """Return the suite over the alerts of a night that a filter could not judge."""
    return suite(
        full_name("gold", survey.name, "filter_failures"),
        once("failure", "A filter fails on an alert once.", ("alert_id", "filter", "filter_version"), "warning"),
        known("alert_id", "A failure says on which alert.", "critical"),
        known("filter", "A failure says of which filter.", "critical"),
        known("reason", "A failure says why.", "warning"),
    )


def tracklets(survey: Survey) -> "ExpectationSuite":
    """Return the suite over the alerts that lie on great circles of single exposures of a night."""
    return suite(
        full_name("gold", survey.name, "tracklets"),
        once("alert", "An alert belongs to one tracklet.", ("night", "alert_id")),
        known("tracklet", "An alert of a tracklet says to which it belongs.", "critical"),
        in_range("members", "A tracklet has five alerts; one that 0.1.0 linked has two.", "critical", low=2),
    )


def asteroid_links(survey: Survey) -> "ExpectationSuite":
    """Return the suite over the alerts that were linked as paths of moving objects in a night."""
    return suite(
        full_name("gold", survey.name, "asteroid_links"),
        once("alert", "An alert belongs to one link.", ("night", "alert_id")),
        known("tracklet", "A linked alert says to which link it belongs.", "critical"),
        in_range("members", "A link has at least three alerts.", "critical", low=3),
        in_range("rate_deg_per_day", "An object moves at a rate that is no less than zero.", "warning", low=0),
    )
