"""Count the decoders that containers make whose headers all differ: each has a stamp of its own in its metadata."""

import time
from dataclasses import dataclass

import pyarrow as pa

from fink_lib.ingest.judge import ERROR_CLASS, MESSAGE, Judge
from fink_lib.surveys import Survey
from fink_lib.surveys.container import MAGIC, write_long

CONTAINERS = 200


@dataclass(frozen=True)
class Stamped:
    """What became of the containers.

    Attributes
    ----------
    containers
        How many were judged, in one batch.
    decoders
        Made and kept for them.
    misfits
        Those that were set aside.
    ms_each, plain_ms_each
        Processor time of one, in ms; and of one of as many whose headers are alike.
    """

    containers: int
    decoders: int
    misfits: int
    ms_each: float
    plain_ms_each: float


def judge_stamped(survey: Survey, message: bytes) -> Stamped:
    """Judge containers of one packet, stamped each in its own way.

    Parameters
    ----------
    survey
        Whose packet.
    message
        A real one, in an Avro container.
    """
    judge = Judge(survey, None)
    judge_all(judge, [message])  # what is compiled once costs once
    plain = judge_all(judge, [message] * CONTAINERS)
    mine = judge_all(judge, [stamped(message, number) for number in range(CONTAINERS)])
    misfits = CONTAINERS - mine[1][ERROR_CLASS].null_count
    return Stamped(CONTAINERS, judge.decoders, misfits, mine[0], plain[0])


def stamped(message: bytes, number: int) -> bytes:
    """Return a container with one more entry in the metadata of its header, before the others.

    Parameters
    ----------
    message
        An Avro container.
    number
        The stamp; another one makes another header.

    Raises
    ------
    ValueError
        When the message is no container.
    """
    if not message.startswith(MAGIC):
        raise ValueError("the message is no Avro container")
    pair = b"".join(write_long(len(text)) + text for text in (b"stamp", b"%020d" % number))
    return MAGIC + write_long(1) + pair + message[len(MAGIC) :]


def judge_all(judge: Judge, messages: list[bytes]) -> tuple[float, pa.Table]:
    """Judge messages in one batch; return the ms of each, and their rows.

    Parameters
    ----------
    judge
        Of ingest; what it keeps is kept for the next call.
    messages
        At least one, whole.

    Returns
    -------
    Processor time of one, in ms; rows as ingest writes them.
    """
    columns = {name: pa.nulls(len(messages), pa.null()) for name in MESSAGE}
    columns["value"] = pa.array(messages, pa.binary())
    begin = time.process_time()
    rows = pa.Table.from_batches(judge.rows(pa.RecordBatch.from_pydict(columns)))
    return round(1000 * (time.process_time() - begin) / len(messages), 3), rows
