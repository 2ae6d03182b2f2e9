"""One exception tree: what went wrong, with which value, and what to do.

::

    FinkError
    ├── ConfigError            a setting, an option or a path that cannot be used      (fatal)
    ├── AccountError           a person, group, token or login is not as it must be    (fatal)
    ├── HostError              this machine lacks something: Java, a port, disk, a jar (fatal)
    ├── SurveyError            unknown survey, or a schema the adapter cannot read     (fatal)
    ├── PacketError            one message cannot be used; it goes to quarantine       (fatal)
    ├── NoticeError            one notice of an event cannot be used; it is kept raw   (fatal)
    │   ├── UnreadableNotice   damaged, or of a form that nobody has described         (fatal)
    │   └── NotAnEvent         it tells of no event that alerts can be matched with    (fatal)
    ├── ModelError             a trained model cannot be read or built                  (fatal)
    ├── LockHeld               another process does what one does at a time            (retryable)
    ├── LockLost               a lock is another's by now: begin again                 (retryable)
    ├── LakeError              a table is missing, damaged or of another shape         (fatal)
    ├── StreamError
    │   ├── StreamFailed       the driver died; a retry resumes from its checkpoint    (retryable)
    │   │   └── StreamBroken   it would die again: a person must mend the cause        (fatal)
    │   ├── StreamStalled      the driver lives but its heartbeat is silent            (retryable)
    │   └── LeaseHeld          another driver writes this stream                       (fatal)
    ├── BrokerError            Kafka refused or did not answer                         (retryable)
    ├── RegistryError          the schema registry did not answer                      (retryable)
    ├── CatalogUnavailable     a remote catalogue did not answer                       (retryable)
    ├── ReprocessRefused       a reprocessing may not take this step now               (fatal)
    ├── JobFailed              the process of a task ended with an error               (retryable)
    └── NightError
        ├── NightNotDrained    the deadline passed and messages still wait             (retryable)
        ├── EquationBroken     a message ended in no place, or in two                  (fatal)
        └── ExpectationFailed  a critical expectation on a table failed                (fatal)

``retryable`` tells a retry policy whether trying again can help without a person.
"""


class FinkError(Exception):
    """The root: catch this to catch everything that the broker raises on purpose."""

    retryable: bool = False
    exit_code: int = 2
    """How a command of ``fink`` ends with it: by another number than 2, whoever started it knows why."""


class ConfigError(FinkError):
    """A setting, an option or a path cannot be used."""


class AccountError(FinkError):
    """A person, a group, a token or a login is not as it must be."""


class HostError(FinkError):
    """The machine lacks something that the broker needs."""


class StoreSilent(HostError):
    """An object store gives no answer, or says that it cannot for now: it may later."""


class SurveyError(FinkError):
    """The survey is unknown, or its adapter cannot read a schema."""


class PacketError(FinkError):
    """One message cannot be used.

    Parameters
    ----------
    error_class
        A value of `fink_lib.surveys.base.Damage`.
    reason
        One sentence for the person who opens the quarantine.
    """

    def __init__(self, error_class: str, reason: str) -> None:
        super().__init__(reason)
        self.error_class = error_class
        self.reason = reason


class NoticeError(FinkError):
    """A notice of an event seen by others cannot be used; it is kept as it came."""


class UnreadableNotice(NoticeError):
    """A notice is damaged, or of a form that nobody has described."""


class NotAnEvent(NoticeError):
    """A notice is understood, and tells of no event."""


class ModelError(FinkError):
    """A file is not the trained model it should be, or cannot be converted."""


class LakeError(FinkError):
    """A table is missing, damaged, or of another shape than its spec."""


class StreamError(FinkError):
    """Something is wrong with a long-running stream."""


class StreamFailed(StreamError):
    """The driver of a stream died."""

    retryable = True


class StreamBroken(StreamFailed):
    """The driver of a stream died, and another one would end in the same way."""

    retryable = False


class StreamStalled(StreamError):
    """The driver lives, but it reports nothing."""

    retryable = True


class LockHeld(FinkError):
    """Another process holds a lock, and did so for longer than one was ready to wait."""

    retryable = True


class LockLost(FinkError):
    """A lock that this process took is another's by now: what it was about to do must not be done."""

    retryable = True


class LeaseHeld(StreamError):
    """Another driver holds the right to write this stream."""


class BrokerError(FinkError):
    """Kafka refused, or did not answer in time."""

    retryable = True


class RegistryError(FinkError):
    """The schema registry did not answer."""

    retryable = True


class CatalogUnavailable(FinkError):
    """A remote catalogue did not answer, or not with what was asked for."""

    retryable = True


class ReprocessRefused(FinkError):
    """A reprocessing may not take this step: of what it is, or of what the live tables have become."""


class JobFailed(FinkError):
    """The process of a task ended with an error, and did not say that trying again is no use."""

    retryable = True


class NightError(FinkError):
    """A night cannot be closed."""


class NightNotDrained(NightError):
    """The deadline passed while messages of the night still wait."""

    retryable = True


class EquationBroken(NightError):
    """A message ended in no place, or in two."""


class ExpectationFailed(NightError):
    """A critical expectation failed: nothing may be built on this night."""


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says; where it says nothing, what kind it is."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
