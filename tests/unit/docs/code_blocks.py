"""Code blocks of a page: files, changes of files and commands, in the order in which they stand."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>\w+)(?: (?P<path>\S+))?$")
NEXT, AT_END = "@@", "@@append"


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes
    ----------
    kind
        What stands behind the fence: ``python``, ``diff``, ``sh``.
    path
        File that it is or changes; empty for none.
    text
        What it holds, without the indentation of the list that it stands in.
    """

    kind: str
    path: str
    text: str


def blocks_of(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    lines = iter(page.splitlines())
    for line in lines:
        if opened := _FENCE.match(line):
            inner: list[str] = []
            for one in lines:
                if one.strip() == "```":
                    break
                inner.append(one)
            yield Block(opened["kind"], opened["path"] or "", textwrap.dedent("\n".join(inner)) + "\n")


def apply(block: Block, root: Path) -> None:
    """Write a file below a folder, or change one."""
    target = root / block.path
    if block.kind == "diff":
        target.write_text(changed(target.read_text(), block.text, block.path))
        return
    assert not target.exists(), f"{block.path} is in the repository already: an example needs a name of its own"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(block.text)


def changed(text: str, diff: str, name: str) -> str:
    """Return a text with the changes of a diff without line numbers; each hunk must fit at exactly one place."""
    for hunk in re.split(rf"^(?={NEXT})", diff, flags=re.MULTILINE):
        lines = [line for line in hunk.splitlines() if not line.startswith(NEXT)]
        old = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        new = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        if hunk.startswith(AT_END):
            text += new
        elif lines:
            at = f"\n{old}"
            there = f"\n{text}".count(at)
            assert there == 1, f"{name}: this stands there {there} times:\n{old}"
            text = f"\n{text}".replace(at, f"\n{new}")[1:]
    return text
