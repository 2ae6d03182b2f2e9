"""What went wrong, as JSON: the parameter, its value, and what to do."""

from typing import Any

import orjson
from starlette.responses import Response


class Refused(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    message
        What is wrong.
    parameter, value
        Of which parameter; empty for none.
    fix
        What to do.
    status
        HTTP status.
    """

    def __init__(
        self, message: str, *, parameter: str = "", value: Any = None, fix: str = "", status: int = 400
    ) -> None:
        super().__init__(message)
        self.message, self.parameter, self.value, self.fix, self.status = message, parameter, value, fix, status

    def as_json(self) -> dict[str, Any]:
        """Return what is answered."""
        facts = {"status": self.status, "message": self.message, "parameter": self.parameter or None}
        return {"error": {**facts, "value": self.value, "fix": self.fix or None}}

    def response(self) -> Response:
        """Return the answer."""
        return Response(
            orjson.dumps(self.as_json(), default=str), status_code=self.status, media_type="application/json"
        )
