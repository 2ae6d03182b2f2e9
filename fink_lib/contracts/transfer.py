"""The manifest of a transfer: what was asked for, and which rows of which version of silver stand on its topic."""

from typing import Annotated, ClassVar

from pydantic import Field

from fink_lib.contracts.base import Contract
from fink_lib.contracts.night import Count, Night

FORMAT = 2  # 1 is that of v0.1.0, which said nothing of its format


class TransferManifest(Contract):
    """What was sent for a request."""

    name: ClassVar[str] = "transfer-manifest"

    format: Annotated[int, Field(ge=1, le=FORMAT, description="Version of this shape.")] = 1
    transfer_id: str
    survey: str
    first_night: Night
    last_night: Night
    by: Annotated[str, Field(description="What `what` names: a topic, a class, a predicate.")]
    what: str
    content: Annotated[str, Field(description="Which parts of the alerts were sent.")]
    columns: Annotated[list[str], Field(description="Columns, where some were chosen.")]
    asked_by: str
    reason: str
    asked_at: Night
    topic: str
    schema_topic: str
    rows: Count
    rows_by_night: dict[str, Count]
    silver_version: Annotated[int, Field(ge=0, description="Version of silver that the rows were read from.")]
    code_version: str
    command: Annotated[str, Field(description="What its reader types.")]
