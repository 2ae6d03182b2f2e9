"""How a night stands, in one word and one sentence, for whoever reads about it: page, index, mail, webhook. Pure."""

from collections.abc import Mapping

from fink_lib.files import JsonObject

HOLDS, BROKEN, STOPPED, UNKNOWN = "holds", "broken", "stopped", "unknown"
WORDS: Mapping[str, str] = {HOLDS: "closed", BROKEN: "does not hold", STOPPED: "stays open", UNKNOWN: "unknown"}


def verdict(reconcile: JsonObject | None, quality: JsonObject | None) -> JsonObject:
    """Return ``state``, a key of `WORDS`, and ``sentence``.

    Parameters
    ----------
    reconcile
        Result of that step; None where it has none.
    quality
        Result of that step; None counts as no failure.
    """
    failed = ", ".join(quality["critical_failed"]) if quality else ""
    if reconcile is None:
        return _told(UNKNOWN, "The equation was not computed: nothing is known of lost alerts.")
    if not reconcile["holds"]:
        broken = "; ".join(one["text"] for one in reconcile["equations"] if not one["holds"])
        also = f" Critical expectations failed too: {failed}." if failed else ""
        return _told(BROKEN, f"The equation does not hold: {broken}.{also}")
    if failed:
        return _told(STOPPED, f"The equation holds, but critical expectations failed: {failed}.")
    offered = reconcile["counts"]["offered"]
    if offered == 0:
        return _told(HOLDS, "An empty night: no alert was offered, and none is missing.")
    return _told(HOLDS, f"The equation holds: each of {offered:,} alerts is in exactly one place.")


def _told(state: str, sentence: str) -> JsonObject:
    return {"state": state, "sentence": sentence}
