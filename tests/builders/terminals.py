"""A terminal of some width, and a pipe, for commands that run in the process of the test."""

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Screen(io.StringIO):
    """What a terminal was told."""

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """Return what a person sees: no colours, nothing at the ends of lines."""
        return [ESCAPES.sub("", line).rstrip() for line in self.getvalue().splitlines()]


@contextmanager
def terminal(columns: int = 80) -> Iterator[Screen]:
    """Let standard output be a terminal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(columns))
        screen = Screen()
        patch.setattr(sys, "stdout", screen)
        yield screen
