"""What an error says in one line, also where it says nothing."""

import pytest

from fink_lib.errors import first_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("a\nb"), "a"),
        (ValueError(""), "ValueError"),
        (KeyError(), "KeyError"),
        (OSError("\n two \n"), "two"),
    ],
)
def test_one_line_of_an_error(error: Exception, line: str) -> None:
    assert first_line(error) == line
