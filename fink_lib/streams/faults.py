"""What the drivers of a stream ended with, one after the other: kept in the heartbeat until the stream gets on."""

import re
from dataclasses import dataclass

from fink_lib.processes.error_summary import sentence_of
from fink_lib.processes.faults import Fault, fault_of
from fink_lib.streams.heartbeat import Heartbeat, StreamState, read_heartbeat
from fink_lib.streams.spec import StreamSpec

ALIKE_LASTING = 3  # ends of an unknown kind that follow each other in the same way, no batch between them
ERROR_CHARS = 2000
KILLED = "the driver was killed without a word"
# A lasting fault is tried again from time to time: somebody may have mended its cause outside, a disk or a right.
PAUSE_S, LONGEST_PAUSE_S = 600.0, 3600.0
_NUMBERS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|0x[0-9a-fA-F]+|\d+")


@dataclass(frozen=True)
class Ended:
    """How the last driver of a stream ended.

    Attributes
    ----------
    sentence
        What went wrong.
    restarts
        Drivers that were started since the stream last got on; the first is none.
    lasting
        True when another driver would end in the same way.
    retry_at
        Unix time before which a lasting fault is not tried again.
    """

    sentence: str
    restarts: int
    lasting: bool
    retry_at: float

    def __str__(self) -> str:
        times = f" after {self.restarts} restart{'s' * (self.restarts > 1)}" if self.restarts else ""
        return f"{self.sentence}{times}"


def ended(beat: Heartbeat, *, notes_tries: bool = False) -> Ended:
    """Tell how a driver ended that lives no longer, by its last heartbeat.

    Parameters
    ----------
    beat
        What it said last.
    notes_tries
        Whether the stream notes what it is at work on: drivers that die at a batch then find the alert, or give up.
    """
    if beat.state is StreamState.FAILED:
        sentence, lasting = beat.error or KILLED, beat.lasting
    else:
        is_searched = notes_tries and beat.batch_since > 0
        sentence, lasting = KILLED, _alike(beat, KILLED) >= ALIKE_LASTING and not is_searched
    pause_s = min(PAUSE_S * max(1, beat.restarts), LONGEST_PAUSE_S)
    return Ended(sentence, beat.restarts, lasting, beat.beat_at + pause_s)


def carry(previous: Heartbeat | None, first: Heartbeat) -> None:
    """Have the first heartbeat of a driver tell what earlier ones ended with; one that was asked to stop left nothing.

    Another code or other settings begin anew.

    Parameters
    ----------
    previous
        The last heartbeat of the stream; None when there was none.
    first
        Of the driver that starts; it is changed in place.
    """
    if previous is None or previous.state is StreamState.STOPPED or previous.spec_hash != first.spec_hash:
        return
    if previous.token == first.token:  # the same driver
        return
    first.restarts = previous.restarts + 1
    if previous.state is StreamState.FAILED:
        first.error, first.alike = previous.error, previous.alike
    else:
        first.error, first.alike = KILLED, _alike(previous, KILLED)


def note_end(beat: Heartbeat, error: BaseException) -> None:
    """Write an error down as the end of a driver.

    Parameters
    ----------
    beat
        The driver's heartbeat; it is changed in place and not written.
    error
        What ended it; its kind tells whether another driver would end alike.
    """
    note(beat, sentence_of(error), fault_of(error))


def note(beat: Heartbeat, sentence: str, fault: Fault) -> None:
    """Write down how a driver ended, and whether another one would end alike.

    Parameters
    ----------
    beat
        The driver's heartbeat; it is changed in place and not written.
    sentence
        What went wrong; cut after 2000 characters.
    fault
        Its kind; an unknown one counts as lasting at its third like end in a row.
    """
    beat.state = StreamState.FAILED
    beat.alike = _alike(beat, sentence)
    beat.lasting = fault is Fault.LASTING or (fault is Fault.UNKNOWN and beat.alike >= ALIKE_LASTING)
    beat.error = sentence[:ERROR_CHARS]


def note_stall(spec: StreamSpec, reason: str) -> None:
    """Write down that a driver was ended because it stood still.

    Parameters
    ----------
    spec
        The stream, whose heartbeat is written; where there is none, nothing is done.
    reason
        How it stood still.
    """
    beat = read_heartbeat(spec.paths.heartbeat)
    if beat is not None:
        note(beat, reason, Fault.UNKNOWN)
        beat.write(spec.paths.heartbeat)


def got_on(beat: Heartbeat) -> None:
    """Forget what earlier drivers ended with: a batch was finished, or there was none to do."""
    beat.restarts, beat.alike, beat.lasting, beat.error = 0, 0, False, None


def forgive(spec: StreamSpec) -> None:
    """Have a stream that a lasting fault stopped be tried again at once."""
    beat = read_heartbeat(spec.paths.heartbeat)
    if beat is not None and beat.state is StreamState.FAILED and beat.lasting:
        beat.lasting, beat.alike = False, 0
        beat.write(spec.paths.heartbeat)


def _alike(beat: Heartbeat, sentence: str) -> int:
    """Return how often in a row the stream has now ended with this sentence, whatever numbers stand in it."""
    return beat.alike + 1 if beat.error is not None and _bare(beat.error) == _bare(sentence[:ERROR_CHARS]) else 1


def _bare(sentence: str) -> str:
    return _NUMBERS.sub("#", sentence)
