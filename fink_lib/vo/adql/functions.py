"""Functions of ADQL as DuckDB's. A function that is not here is refused."""

from collections.abc import Callable, Sequence

Write = Callable[[Sequence[str]], str]
ANY = 1_000


def _call(name: str) -> Write:
    return lambda given: f"{name}({', '.join(given)})"


def _truncated(given: Sequence[str]) -> str:
    if len(given) == 1:
        return f"trunc({given[0]})"
    return f"(trunc({given[0]} * power(10, {given[1]})) / power(10, {given[1]}))"


OF_ONE = (
    *("ABS", "DEGREES", "EXP", "FLOOR", "LOG10", "RADIANS", "SQRT", "LOWER", "UPPER"),
    *("ACOS", "ASIN", "ATAN", "COS", "SIN", "TAN", "COT"),
)
# Name → least and greatest number of arguments, and how it is written
FUNCTIONS: dict[str, tuple[int, int, Write]] = {
    **{name: (1, 1, _call(name.lower())) for name in OF_ONE},
    "CEILING": (1, 1, _call("ceil")),
    "LOG": (1, 1, _call("ln")),
    "MOD": (2, 2, _call("mod")),
    "PI": (0, 0, _call("pi")),
    "POWER": (2, 2, _call("power")),
    "ATAN2": (2, 2, _call("atan2")),
    "ROUND": (1, 2, _call("round")),
    "TRUNCATE": (1, 2, _truncated),
    "COALESCE": (1, ANY, _call("coalesce")),
    **{name: (1, 1, _call(name.lower())) for name in ("COUNT", "MIN", "MAX", "SUM", "AVG")},
}
