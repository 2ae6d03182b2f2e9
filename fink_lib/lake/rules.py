"""What a rule over the rows of a table is; it needs no Spark until it is asked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One thing that must be true of every alert.

    Attributes
    ----------
    name
        What quarantine and the nightly suites call it.
    holds
        Spark SQL predicate over the identity columns; null counts as false.
    meaning
        One sentence for the person who finds an alert that breaks it.
    """

    name: str
    holds: str
    meaning: str
