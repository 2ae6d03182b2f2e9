"""What a kind of fault is, and the list of them: each is a file in `tests/kills/kinds`, found by itself."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.kills.chaos import Chaos

Send = Callable[[], None]
Act = Callable[[Chaos, Send], str]
FOLDER = Path(__file__).with_name("kinds")


@dataclass(frozen=True)
class Kind:
    """One kind of fault.

    Attributes
    ----------
    name
        What the table calls it.
    act
        Brings it about while alerts come (it sends them), and undoes what does not mend by itself; says in words what
        it was. The streams are started again after it, as Airflow would.
    mended_by
        How the broker gets over it, in words.
    is_quick
        Whether it takes seconds: tried with every run of the tests.
    needs_disk
        Whether it takes a home on a small disk of its own.
    """

    name: str
    act: Act
    mended_by: str
    is_quick: bool = False
    needs_disk: bool = False


def known_kinds() -> dict[str, Kind]:
    """Return every kind by its name, in the order of files."""
    files = sorted(one.name for one in pkgutil.iter_modules([str(FOLDER)]))
    kinds = [kind for file in files for kind in importlib.import_module(f"tests.kills.kinds.{file}").KINDS]
    return {kind.name: kind for kind in kinds}
