"""What every form of lock promises, on a disk and in an object store alike."""

from typing import Protocol


class Lock(Protocol):
    """The right of one holder at a time to do something; it is told by its place.

    The promises, which `tests/unit/test_locks.py` and `test_object_locks.py` hold each form to:

    * Of all processes and threads that ask for one place, one holds it.
    * The lock of a holder that died can be taken, without anybody's help.
    * What lies at the place, empty, torn or of somebody else, neither gives the lock nor keeps it back.

    That of a local disk is given back by the kernel when its process dies. An object store knows no processes: there
    a lock is an object that is made on the condition that there is none (``If-None-Match: *``), renewed on the
    condition that it is still one's own (``If-Match``), and taken over once it has not been renewed for long. A holder
    that sleeps may lose it. So who would do harm without it calls `require` just before, which on a disk costs nothing:
    promotion and undo do, the others not (decision 16).
    """

    def acquire(self, patience_s: float | None = None) -> bool:
        """Take the lock; tell whether that was done.

        Parameters
        ----------
        patience_s
            Seconds to wait for another holder: 0 does not wait, None waits for ever.
        """

    def release(self) -> None:
        """Give the lock back; one that this object does not hold is left alone."""

    def require(self) -> None:
        """Make sure that this object still holds the lock.

        Raises
        ------
        LockLost
            When it does not.
        """

    def is_held(self) -> bool:
        """Tell whether anybody alive holds the lock, be it through this object."""
