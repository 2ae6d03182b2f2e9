"""The schema of a message: that of the packet as its telescope wrote it, and behind it what the broker adds.

An Avro record is its fields one after the other: a datum followed by the added fields is a datum of this schema.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from fink_lib.avro.schema import resolved
from fink_lib.distribute.framing import schema_text
from fink_lib.surveys.base import AvroSchema

PREFIX = "fink_"  # of an added field whose name the packet has already


class TopicSchemas:
    """The schemas of messages, by those of the packets in them.

    Parameters
    ----------
    added
        Avro record of what is added.
    text_of
        SHA-256 of a writer schema → its text.
    """

    def __init__(self, added: AvroSchema, text_of: Callable[[str], str]) -> None:
        self.of = lru_cache(maxsize=256)(lambda sha256: topic_schema(text_of(sha256), added["fields"]).encode())


def topic_schema(writer: str, added: Sequence[Mapping[str, Any]]) -> str:
    """Return the schema of messages as JSON.

    Every record is written out under a name of its own, and logical types are left out: the strictest reader,
    fink-client's writer of Parquet files, knows neither a name used twice nor a logical type.

    Parameters
    ----------
    writer
        Schema of the packet, as JSON.
    added
        Fields behind it. One whose name the packet has gets a prefix: of two fields of one name a reader sees the last.
    """
    packet: AvroSchema = plain(resolved(json.loads(writer)))
    taken = {fld["name"] for fld in packet["fields"]}
    behind = [{**fld, "name": free_name(fld["name"], taken)} for fld in added]
    return schema_text({**packet, "fields": [*packet["fields"], *behind]})


def free_name(name: str, taken: set[str]) -> str:
    """Return the name of an added field beside those of a packet.

    Parameters
    ----------
    name
        The field.
    taken
        Names of the packet's own fields.

    Returns
    -------
    The name, with as many prefixes as it needs.
    """
    while name in taken:
        name = f"{PREFIX}{name}"
    return name


def plain(node: Any) -> Any:
    """Return a resolved schema without logical types: the bytes of a datum are the same."""
    if isinstance(node, list):
        return [plain(branch) for branch in node]
    if not isinstance(node, dict):
        return node
    if node["type"] == "record":
        return {**node, "fields": [{**fld, "type": plain(fld["type"])} for fld in node["fields"]]}
    if node["type"] in {"array", "map"}:
        return {name: plain(value) if name in {"items", "values"} else value for name, value in node.items()}
    if node["type"] in {"enum", "fixed"}:
        return {name: value for name, value in node.items() if name != "logicalType"}
    return node["type"]
