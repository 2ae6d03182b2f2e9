"""What must be true of what people and programs say: critical is what keeps a statement from who may not see it."""

from typing import TYPE_CHECKING

from fink_lib.community.kinds import Kind, Origin
from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.columns import in_range, known, once, one_of, suite

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

# Column that the step fills in → what it says
TRUE = {
    "label_in_taxonomy": "A label is a class of the taxonomy that the statement names.",
    "subject": "A statement is about what its kind is about, and has a label where its kind has one.",
    "replaces_what_it_may": "What is replaced was there before; only its author replaces it, others withdraw.",
    "relations": "What is cited is cited by a relation of VOEvent or DataCite.",
    "body_of_its_kind": "The body has the shape of the kind.",
}


def community_refused() -> "ExpectationSuite":
    """Return the suite over the messages of `community_in` that could not be used."""
    return suite(
        full_name("bronze", None, "community_refused"),
        once(
            "message", "A message is kept once.", ("kafka_topic", "kafka_topic_id", "kafka_partition", "kafka_offset")
        ),
        known("reason", "What is refused is refused for a reason.", "warning"),
        known("received_at", "A message arrived at some time.", "warning"),
    )


def community() -> "ExpectationSuite":
    """Return the suite over the statements of the days before a night, beside `fink_lib.community.checked`."""
    return suite(
        full_name("gold", None, "community"),
        once("statement", "A statement has a name of its own.", ("statement_id",)),
        known("visibility", "A statement says who may see it.", "critical"),
        known("author", "Somebody answers for a statement.", "warning"),
        known("at", "A statement says when it was written.", "warning"),
        one_of("kind", [str(kind) for kind in Kind], "A statement is of a kind that is known.", "warning"),
        one_of("origin", [str(origin) for origin in Origin], "A statement says where it comes from.", "warning"),
        in_range("probability", "A probability lies between 0 and 1.", "warning", low=0, high=1),
        *(one_of(name, (True,), meaning, "warning") for name, meaning in TRUE.items()),
    )
