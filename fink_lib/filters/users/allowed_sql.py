"""What a user's predicate may hold: operators, functions and types; nothing else reaches Spark.

No function here reads a file, a table, a clock, a session or chance, and none makes more data than it is given.
"""

from collections.abc import Mapping

from sqlglot import exp

LONGEST = 4000

OPERATORS: frozenset[type[exp.Expr]] = frozenset(
    {
        exp.And, exp.Or, exp.Not, exp.Paren,
        exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.Is, exp.In, exp.Between, exp.Like,
        exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg,
        exp.Literal, exp.Boolean, exp.Null, exp.Identifier, exp.Dot, exp.Lambda,
        exp.Case, exp.Cast, exp.TryCast,
    }
)  # fmt: skip

FUNCTIONS: Mapping[str, type[exp.Expr]] = {
    "abs": exp.Abs, "ceil": exp.Ceil, "floor": exp.Floor, "round": exp.Round, "sign": exp.Sign,
    "sqrt": exp.Sqrt, "exp": exp.Exp, "ln": exp.Ln, "log": exp.Log, "pow": exp.Pow,
    "sin": exp.Sin, "cos": exp.Cos, "tan": exp.Tan, "asin": exp.Asin, "acos": exp.Acos, "atan": exp.Atan,
    "atan2": exp.Atan2, "radians": exp.Radians, "degrees": exp.Degrees,
    "greatest": exp.Greatest, "least": exp.Least, "coalesce": exp.Coalesce, "nullif": exp.Nullif, "if": exp.If,
    "isnan": exp.IsNan, "lower": exp.Lower, "upper": exp.Upper, "length": exp.Length,
    "startswith": exp.StartsWith, "endswith": exp.EndsWith, "contains": exp.Contains,
    "array_max": exp.ArrayMax, "array_min": exp.ArrayMin, "size": exp.ArraySize, "array_contains": exp.ArrayContains,
    "filter": exp.ArrayFilter, "exists": exp.Exists, "transform": exp.Transform,
}  # fmt: skip

# Functions that the parser knows by their name alone.
NAMED_ONLY = frozenset({"forall"})

TYPES = frozenset({"double", "float", "int", "bigint", "string", "boolean", "date"})
