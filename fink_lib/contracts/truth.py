"""The truth of a simulated night: one line a message, what it was and where it must end; the last one sums up."""

from typing import Annotated, ClassVar

from pydantic import Field

from fink_lib.contracts.base import Contract
from fink_lib.contracts.night import Night


class TruthLine(Contract):
    """One message that was sent."""

    name: ClassVar[str] = "truth-line"

    file: Annotated[str, Field(description="File that its packet came from.")]
    alert_id: int | None
    object_id: str | int | None
    night: Night | None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="Of the message as it was sent.")]
    topic: str
    partition: int | None
    offset: Annotated[int | None, Field(description="Null for a message that did not arrive.")]
    error: str | None
    rebuilt: Annotated[bool, Field(description="True where the packet is no longer the telescope's own bytes.")]
    fault: Annotated[str | None, Field(description="Fault that was put into it.")]
    fault_kind: str | None
    expected: Annotated[str, Field(description="Where it must end.")]
