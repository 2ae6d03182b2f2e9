"""VOEvents given to a broker of the VOEvent Transport Protocol (IVOA Note VTP 2.0, section 4).

Whoever has a packet connects, sends its length (4 bytes, the most significant first) and the packet, and gets a
transport message back in the same form: ``ack``, or ``nak`` with the reason.
"""

import socket
import struct
from collections.abc import Mapping
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from fink_lib.followup.providers.base import Answer
from fink_lib.followup.states import State

PORT, TIMEOUT_S = 8098, 30.0
LONGEST_ANSWER = 64 * 1024
LENGTH = struct.Struct(">I")


class Vtp:
    """A broker of VOEvents, which cannot be asked whether it has one.

    Parameters
    ----------
    address
        As ``vtp://host:port``.
    timeout_s
        How long an answer may take.
    """

    can_find = False

    def __init__(self, address: str, timeout_s: float = TIMEOUT_S) -> None:
        where = urlsplit(address)
        self._where, self._timeout_s = (where.hostname or "", where.port or PORT), timeout_s

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def payload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the packet."""
        return dict(request["body"]["report"])

    def submit(self, payload: Mapping[str, Any]) -> Answer:
        """Send a packet."""
        packet = str(payload["voevent"]).encode()
        try:
            line = socket.create_connection(self._where, timeout=self._timeout_s)
        except OSError as error:
            return Answer(State.DELAYED, "", f"{type(error).__name__}: {error}"[:500], wait_s=1.0)
        with closing(line):
            try:
                line.sendall(LENGTH.pack(len(packet)) + packet)
                told = _received(line, LENGTH.unpack(_received(line, LENGTH.size))[0])
            except (OSError, EOFError, ValueError) as error:
                return Answer(State.UNCERTAIN, "", f"{type(error).__name__}: {error}"[:500])
        return _answer(told, str(payload["ivorn"]))

    def find(self, _payload: Mapping[str, Any]) -> Answer | None:
        """Return nothing: it cannot be asked."""
        return None

    def poll(self, external_id: str) -> Answer:
        """Tell that nothing is known."""
        return Answer(None, external_id)

    def cancel(self, external_id: str) -> Answer:
        """Tell that a packet cannot be taken back."""
        return Answer(None, external_id, "a VOEvent is not taken back: send one that retracts it")


def _received(line: socket.socket, length: int) -> bytes:
    if length > LONGEST_ANSWER:
        raise ValueError(f"it announces an answer of {length} bytes")
    found = b""
    while len(found) < length:
        part = line.recv(length - len(found))
        if not part:
            raise EOFError("it hung up before it had answered")
        found += part
    return found


def _answer(told: bytes, ivorn: str) -> Answer:
    """Return what a transport message says; its elements have no namespace but the root."""
    if b"<!" in told:  # no entity is read from others
        return Answer(State.UNCERTAIN, "", "it answered with a document type", told)
    try:
        root = ET.fromstring(told)  # noqa: S314 - without declarations, see above
    except ET.ParseError as error:
        return Answer(State.UNCERTAIN, "", f"its answer is no XML: {error}", told)
    role = root.get("role")
    said = " ".join((one.text or "").strip() for one in root.iter() if one.tag in {"Result", "Note"}).strip()
    if role == "ack":
        return Answer(State.COMPLETED, ivorn, "accepted", told)
    if role == "nak":
        return Answer(State.REFUSED, "", f"refused: {said}" if said else "refused without a reason", told)
    return Answer(State.UNCERTAIN, "", f"it answered with the role {role}", told)
