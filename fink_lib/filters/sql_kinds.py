"""Which parts of a predicate are floats, doubles, or numbers as somebody wrote them."""

from collections.abc import Mapping

from sqlglot import exp

FLOAT, DOUBLE, WRITTEN, OTHER = "float", "double", "written", "other"
FLOATS = frozenset({FLOAT, DOUBLE})
ARRAYS: Mapping[str, str] = {f"array<{kind}>": kind for kind in FLOATS}
RECORDS = "records of "  # followed by the path of the array

COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.In, exp.Between)
SUMS = (exp.Add, exp.Sub, exp.Mul, exp.Mod)
CHOICES = (exp.Greatest, exp.Least, exp.Coalesce, exp.Nullif, exp.Case, exp.If)
SAME_AS_INSIDE = (exp.Paren, exp.Neg, exp.Abs, exp.Round)
ALWAYS_DOUBLE = (
    *(exp.Sqrt, exp.Exp, exp.Ln, exp.Log, exp.Pow, exp.Sin, exp.Cos, exp.Tan, exp.Asin, exp.Acos, exp.Atan, exp.Atan2),
    *(exp.Radians, exp.Degrees, exp.Sign),
)
LOOPS = (exp.Exists, exp.ArrayFilter, exp.Transform, exp.Anonymous)  # of the last there is `forall` alone


def operands(node: exp.Expr) -> list[exp.Expr]:
    """Return the values that a node brings to one type: of a comparison, a sum, or a choice; else none."""
    if isinstance(node, exp.Case):
        tests = [node.this, *(each.this for each in node.args["ifs"])] if node.this is not None else []
        found = [*tests, *(each.args["true"] for each in node.args["ifs"]), node.args.get("default")]
    elif isinstance(node, exp.If):
        found = [] if isinstance(node.parent, exp.Case) else [node.args.get("true"), node.args.get("false")]
    elif isinstance(node, exp.Between):
        found = [node.this, node.args["low"], node.args["high"]]
    elif isinstance(node, exp.ArrayContains):
        found = [node.expression]
    elif isinstance(node, (*COMPARISONS, *SUMS, *CHOICES, exp.Div)):
        found = [node.this, node.args.get("expression"), *node.expressions]
    else:
        found = []
    return [each for each in found if isinstance(each, exp.Expr)]


def array_of(loop: exp.Expr) -> exp.Expr | None:
    """Return the array whose values a function looks at one by one."""
    if isinstance(loop, exp.Anonymous):
        return loop.expressions[0] if loop.expressions else None
    found: exp.Expr | None = loop.this
    return found


class Kinds:
    """The kinds of the nodes of one predicate.

    Attributes
    ----------
    columns
        Columns that hold floats or doubles, or arrays of them, by path.
    """

    def __init__(self, columns: Mapping[str, str]) -> None:
        self.columns = columns
        self._found: dict[int, str] = {}

    def of(self, node: exp.Expr) -> str:
        """Return float, double, written, an array of floats, or other; the node must live as long as this does."""
        if id(node) not in self._found:
            self._found[id(node)] = self._look(node)
        return self._found[id(node)]

    def element_of(self, array: exp.Expr) -> str:
        """Return the kind of an array's values."""
        return ARRAYS.get(self.of(array), OTHER)

    @staticmethod
    def is_read(node: exp.Expr) -> bool:
        """Tell whether a node is a value of the alert, not one that was made of others."""
        if isinstance(node, exp.Identifier):
            return _loop_of(node) is not None
        return isinstance(node, exp.Column | exp.Dot)

    def _look(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Literal):
            return OTHER if node.is_string else WRITTEN
        if isinstance(node, exp.Column | exp.Identifier | exp.Dot):
            return self._read(node)
        if isinstance(node, exp.Cast):
            name = node.to.sql("spark").lower()
            return name if name in FLOATS else OTHER
        if isinstance(node, SAME_AS_INSIDE):
            return self.of(node.this)
        if operands(node):
            return self._together(node)
        return DOUBLE if isinstance(node, ALWAYS_DOUBLE) else self._array(node)

    def _read(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Column):
            return self._column(".".join(part.name for part in node.parts))
        return self._variable(node)

    def _column(self, path: str) -> str:
        if path in self.columns:
            return self.columns[path]
        is_records = any(name.startswith(f"{path}.") and kind in ARRAYS for name, kind in self.columns.items())
        return f"{RECORDS}{path}" if is_records else OTHER

    def _variable(self, node: exp.Expr) -> str:
        """Return the kind of a loop's variable, or of a field of it."""
        fields: list[str] = []
        while isinstance(node, exp.Dot):
            fields, node = [node.expression.name, *fields], node.this
        loop = _loop_of(node) if isinstance(node, exp.Identifier) else None
        array = None if loop is None else array_of(loop)
        if array is None:
            return OTHER
        kind = self.of(array)
        if not fields:
            return ARRAYS.get(kind, OTHER)
        path = ".".join([kind.removeprefix(RECORDS), *fields])
        return ARRAYS.get(self.columns.get(path, OTHER), OTHER)

    def _array(self, node: exp.Expr) -> str:
        """Return the kind of a function of an array."""
        if isinstance(node, exp.ArrayMax | exp.ArrayMin):
            return self.element_of(node.this)
        if isinstance(node, exp.ArrayFilter):
            return self.of(node.this)
        if isinstance(node, exp.Transform) and isinstance(node.expression, exp.Lambda):
            return f"array<{self.of(node.expression.this)}>"
        return OTHER

    def _together(self, node: exp.Expr) -> str:
        """Return the kind that the operands of a sum or a choice have together."""
        kinds = {self.of(each) for each in _results(node)}
        if not kinds or isinstance(node, (*COMPARISONS, exp.ArrayContains)):
            return OTHER
        if kinds == {WRITTEN}:
            return WRITTEN
        if DOUBLE in kinds or isinstance(node, exp.Div):
            return DOUBLE
        return FLOAT if FLOAT in kinds else OTHER


def _results(node: exp.Expr) -> list[exp.Expr]:
    """Return those operands that a node may give back."""
    if isinstance(node, exp.Case):
        found = [*(each.args["true"] for each in node.args["ifs"]), node.args.get("default")]
        return [each for each in found if isinstance(each, exp.Expr)]
    return operands(node)


def _loop_of(variable: exp.Expr) -> exp.Expr | None:
    """Return the function whose variable a name is; None for what is no name of a variable's value."""
    if isinstance(variable.parent, exp.Column) or variable.arg_key == "expressions":
        return None
    if isinstance(variable.parent, exp.Dot) and variable.arg_key == "expression":
        return None
    around = variable.parent
    while around is not None:
        if isinstance(around, exp.Lambda) and any(each.name == variable.name for each in around.expressions[:1]):
            return around.parent if isinstance(around.parent, LOOPS) else None
        around = around.parent
    return None
