"""Positions as catalogues write them: degrees, or hours or degrees with minutes and seconds."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]

DEGREES_PER_HOUR = 15.0
_WEIGHTS = (1.0, 1.0 / 60.0, 1.0 / 3600.0)
_MARKS = re.compile("[\\s:hdms'\"\N{DEGREE SIGN}\N{PRIME}\N{DOUBLE PRIME}]+")
_OF_DEGREES = re.compile("d|\N{DEGREE SIGN}")
_MINUS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})  # as typeset tables have it


def degrees(column: pa.ChunkedArray, per_unit: float) -> Floats:
    """Return angles in degrees; NaN for what is none.

    Parameters
    ----------
    column
        Numbers or texts. A number by itself is degrees, in a text too; ``12 34 56``, ``12:34``, ``12h34m56s`` and
        ``-00d32m57s`` are read by their parts, with typeset signs too.
    per_unit
        Degrees of the unit that the first of several parts is in, where the text does not say: 15 for hours.
    """
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        found = _of_texts(pc.utf8_trim_whitespace(column), per_unit)
    else:
        found = np.asarray(pc.fill_null(column.cast(pa.float64()), np.nan), dtype=np.float64)
    return np.where(np.isfinite(found), found, np.nan)


def _of_texts(texts: pa.ChunkedArray, per_unit: float) -> Floats:
    try:
        plain = pc.if_else(pc.equal(texts, ""), None, texts).cast(pa.float64())
    except pa.ArrowInvalid:  # some are no plain numbers
        return np.array([_degrees(text, per_unit) for text in texts.to_pylist()], dtype=np.float64)
    return np.asarray(pc.fill_null(plain, np.nan), dtype=np.float64)


def _degrees(text: str | None, per_unit: float) -> float:
    try:
        return number(text)
    except ValueError:
        if text and "h" in text:
            per_unit = DEGREES_PER_HOUR
        elif text and _OF_DEGREES.search(text):
            per_unit = 1.0
        return per_unit * sexagesimal(text)


def number(text: str | None) -> float:
    """Return a text as a number, also one with a typeset minus.

    Raises
    ------
    ValueError
        When it is none.
    """
    return float((text or "").translate(_MINUS))


def sexagesimal(text: str | None) -> float:
    """Return ``"-00 32 57.2"`` as a number; NaN for what is none. The sign is of the whole, also before a zero."""
    stripped: Any = (text or "").translate(_MINUS).strip()
    try:
        parts = [abs(float(part)) for part in _MARKS.split(stripped) if part]
    except ValueError:
        return float("nan")
    if not 1 <= len(parts) <= len(_WEIGHTS):
        return float("nan")
    size = sum(part * weight for part, weight in zip(parts, _WEIGHTS, strict=False))
    return -size if stripped.startswith("-") else size
