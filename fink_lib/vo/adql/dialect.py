"""How ADQL is read: no function is known to the parser, so that each must be on the list of `functions`."""

from typing import Any, ClassVar

from sqlglot import Dialect, TokenType, parser, tokens


class Adql(Dialect):
    """ADQL 2.1, with ``TOP``; what it reads is judged by `grammar`."""

    class Tokenizer(tokens.Tokenizer):
        """Its words."""

        KEYWORDS: ClassVar[dict[str, Any]] = {**tokens.Tokenizer.KEYWORDS, "TOP": TokenType.TOP}

    class Parser(parser.Parser):
        """Its sentences."""

        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {"CAST": parser.Parser.FUNCTION_PARSERS["CAST"]}
        NO_PAREN_FUNCTIONS: ClassVar[dict[Any, Any]] = {}
