"""The two framings in use: an Avro container per message (ZTF) and the Confluent wire format (Rubin)."""

from fink_lib.surveys.base import AvroSchema, Datum, Framing


class ContainerFraming(Framing):
    """One Avro object container per message, holding exactly one record."""

    name = "container"

    def unwrap(self, message: bytes) -> Datum:
        raise NotImplementedError

    def wrap(self, schema: AvroSchema, body: bytes) -> bytes:
        raise NotImplementedError


class ConfluentFraming(Framing):
    """A zero byte, a four-byte schema id, then the Avro datum."""

    name = "confluent"

    def unwrap(self, message: bytes) -> Datum:
        raise NotImplementedError

    def wrap(self, schema: AvroSchema, body: bytes) -> bytes:
        raise NotImplementedError
