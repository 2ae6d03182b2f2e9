"""A science module that hangs, dies or asks for too much memory, once."""

from functools import partial

from fink_lib.streams.spec import Stage
from tests.kills.chaos import Chaos, awaited
from tests.kills.kind import Kind, Send
from tests.kills.planted_module import DEED, DEEDS, MARK

DONE_S = 120.0


def module_fails(chaos: Chaos, send: Send, deed: str) -> str:
    """Start enrich with a module that fails the first time that it is asked."""
    mark = chaos.settings.home / f"module-{deed}-{len(chaos.told)}"
    chaos.restart(Stage.ENRICH, {DEED: deed, MARK: str(mark)})
    send()
    chaos.start_all()
    done = awaited(mark.exists, DONE_S)
    chaos.told.append(f"module {deed}")
    return f"a module {DEEDS[deed].__doc__}" if done else "not asked for a result"


KINDS = tuple(
    Kind(
        f"science module {words}", partial(module_fails, deed=deed),
        "its process is replaced, and what it did not finish is asked again, in parts", is_quick=deed == "die",
    )
    for deed, words in (("hang", "hangs"), ("die", "dies"), ("leak", "asks for too much memory"))
)  # fmt: skip
