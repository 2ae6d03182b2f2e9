"""Parameters as DALI has them: their names in any case, each once, from the query or from the body."""

import math
from collections.abc import Iterable

from starlette.datastructures import UploadFile

from fink_lib.api.http.errors import Refused

MOST_ROWS = 1_000_000


class Parameters:
    """The parameters of a request.

    Parameters
    ----------
    given
        Names and values, in order.
    files
        Files that came beside, by their name in the form.
    """

    def __init__(self, given: Iterable[tuple[str, str]], files: dict[str, UploadFile] | None = None) -> None:
        self.values: dict[str, list[str]] = {}
        for name, value in given:
            self.values.setdefault(name.upper(), []).append(value)
        self.files = files or {}

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter that is given at most once.

        Parameters
        ----------
        name
            In upper case.
        default
            What stands for one that is missing or blank.

        Returns
        -------
        Without blanks around it.

        Raises
        ------
        Refused
            When it is given twice.
        """
        found = self.values.get(name, [])
        if len(found) > 1:
            raise Refused(f"{name} is given {len(found)} times", parameter=name, fix="give it once")
        return found[0].strip() if found and found[0].strip() else default

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        """Return a number between two others, both included.

        Parameters
        ----------
        name
            In upper case.
        low, high
            Least and largest number.
        default
            What stands for one that is missing or blank; it is required when None.

        Raises
        ------
        Refused
            When it is missing, no number, or beyond.
        """
        text = self.text(name)
        if not text and default is not None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            said = f"{name} is '{text}'" if text else f"{name} is missing"
            raise Refused(said, parameter=name, value=text, fix=f"give a number from {low:g} to {high:g}")
        return value

    def rows(self, default: int = MOST_ROWS, most: int = MOST_ROWS) -> int:
        """Return how many rows an answer may have (MAXREC).

        Parameters
        ----------
        default
            Where MAXREC is missing.
        most
            A larger MAXREC is taken for this one.

        Raises
        ------
        Refused
            When MAXREC is no whole number.
        """
        text = self.text("MAXREC")
        if not text:
            return default
        if not text.isdecimal():
            raise Refused(f"MAXREC is '{text}'", parameter="MAXREC", value=text, fix="give a whole number, 0 or more")
        return min(int(text), most)
