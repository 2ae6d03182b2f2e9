"""A night in one word and one sentence: closed, stopped by an expectation, not adding up, or unknown."""

from typing import Any

import pytest

from fink_lib.nightly.report.verdict import WORDS, verdict


def reconciled(*, holds: bool = True, offered: int = 9) -> dict[str, Any]:
    equations = [{"text": "9 offered = 9 bronze", "holds": True}, {"text": "9 bronze ≠ 8 silver", "holds": holds}]
    return {"holds": holds, "equations": equations, "counts": {"offered": offered}}


FINE, BAD = {"critical_failed": []}, {"critical_failed": ["silver.ra", "silver.dec"]}


@pytest.mark.parametrize(
    ("reconcile", "quality", "word", "sentence"),
    [
        (reconciled(), FINE, "closed", "The equation holds: each of 9 alerts is in exactly one place."),
        (reconciled(), None, "closed", "The equation holds: each of 9 alerts is in exactly one place."),
        (reconciled(offered=0), FINE, "closed", "An empty night: no alert was offered, and none is missing."),
        (
            reconciled(),
            BAD,
            "stays open",
            "The equation holds, but critical expectations failed: silver.ra, silver.dec.",
        ),
        (reconciled(holds=False), FINE, "does not hold", "The equation does not hold: 9 bronze ≠ 8 silver."),
        (
            reconciled(holds=False),
            BAD,
            "does not hold",
            "The equation does not hold: 9 bronze ≠ 8 silver. Critical expectations failed too: silver.ra, silver.dec.",
        ),
        (None, BAD, "unknown", "The equation was not computed: nothing is known of lost alerts."),
    ],
)
def test_a_night_in_one_word_and_one_sentence(
    reconcile: dict[str, Any] | None, quality: dict[str, Any] | None, word: str, sentence: str
) -> None:
    told = verdict(reconcile, quality)
    assert (WORDS[told["state"]], told["sentence"]) == (word, sentence)
