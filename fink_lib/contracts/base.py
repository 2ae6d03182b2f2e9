"""What all contracts share: a version, no field that nobody has declared, one sentence for what does not fit."""

import reprlib
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from fink_lib.errors import ConfigError


class Contract(BaseModel):
    """One kind of JSON object.

    Attributes
    ----------
    name
        What it is called in messages, and its schema's file in ``docs/schemas``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    name: ClassVar[str]

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """Read an object.

        Raises
        ------
        ConfigError
            Naming the first field that does not fit, its value, and what was expected.
        """
        try:
            return cls.model_validate(dict(facts))
        except ValidationError as error:
            raise ConfigError(f"{cls.name}: {_sentence(error)}") from error


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"])) or "the whole"
    more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "missing":  # the value that is told of is the whole object
        return f"'{place}' is missing{more}"
    return f"'{place}' is {reprlib.repr(first['input'])}: {first['msg'][0].lower()}{first['msg'][1:]}{more}"
