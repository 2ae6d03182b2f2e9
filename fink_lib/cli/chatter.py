"""The terminal is the command's own: what JVMs, child processes and C libraries write goes to a log file instead.

They write to the file descriptors 1 and 2, which are turned to the log; what Python prints goes where it went.
"""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, TextIO

LOG = Path("logs", "commands.log")
LARGEST_LOG = 10_000_000  # bytes; then it is put aside, over the one before
FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"

_waiting: list[ExitStack] = []  # at most one: the command that runs, which has not said yet where its home is


@contextmanager
def own_terminal() -> Iterator[None]:
    """Let `keep_apart` work until the command ends."""
    with ExitStack() as end:
        _waiting.append(end)
        try:
            yield
        finally:
            _waiting.clear()


def keep_apart(home: Path) -> None:
    """Turn what is not printed by Python to the log of a home; done once for a command, nothing outside of one."""
    if _waiting:
        end = _waiting.pop()
        end.enter_context(_turned_to(end.enter_context(_log_of(home))))


class Told(logging.Handler):
    """Shows warnings of our own code on standard error, whichever that is by now."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(FORMAT))
        self.addFilter(logging.Filter("fink_lib"))

    def emit(self, record: logging.LogRecord) -> None:
        """Print one."""
        print(self.format(record), file=sys.stderr)


@contextmanager
def _turned_to(log: IO[bytes]) -> Iterator[None]:
    handler = logging.StreamHandler(os.fdopen(os.dup(log.fileno()), "w", encoding="utf-8"))
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(lambda record: not record.name.startswith("fink_lib"))
    root, saved, streams = logging.getLogger(), {fd: os.dup(fd) for fd in (1, 2)}, (sys.stdout, sys.stderr)
    sys.stdout, sys.stderr = (_elsewhere(stream) for stream in streams)
    for fd in saved:
        os.dup2(log.fileno(), fd)
    root.addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.removeHandler(handler)
        handler.stream.close()
        _put_back(saved, streams)


def _elsewhere(stream: TextIO) -> TextIO:
    """Return a stream to where this one goes now; the same when it is none of the two descriptors."""
    try:
        if stream.fileno() not in (1, 2):
            return stream
    except (OSError, ValueError):  # what a test reads
        return stream
    stream.flush()
    return open(  # noqa: PTH123 - of a descriptor, and closed by `_put_back`
        os.dup(stream.fileno()), "w", encoding=stream.encoding, errors=stream.errors,
        buffering=1 if stream.isatty() or stream.fileno() == 2 else -1,  # noqa: PLR2004 - standard error is told at once
    )  # fmt: skip


def _put_back(saved: dict[int, int], streams: tuple[TextIO, TextIO]) -> None:
    for now, before in zip((sys.stdout, sys.stderr), streams, strict=True):
        if now is not before:
            with suppress(BrokenPipeError):  # the reader has enough: `fink … | head`
                now.close()
    sys.stdout, sys.stderr = streams
    for fd, copy in saved.items():
        os.dup2(copy, fd)
        os.close(copy)


@contextmanager
def _log_of(home: Path) -> Iterator[IO[bytes]]:
    """Open the log of a home; what is said before there is a home is put there when there is one."""
    with _appended(home) or tempfile.TemporaryFile() as log:
        try:
            yield log
        finally:
            if log.readable() and log.tell():
                _keep(log, home)


def _keep(said: IO[bytes], home: Path) -> None:
    said.seek(0)
    log = _appended(home)
    if log is not None:
        with log:
            log.write(said.read(LARGEST_LOG))


def _appended(home: Path) -> IO[bytes] | None:
    """Open the log of a home; None where there is no home, or none that may be written to."""
    path = home / LOG
    if not home.is_dir():
        return None
    try:
        path.parent.mkdir(exist_ok=True)
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_name(f"{path.name}.1"))
        return path.open("ab", buffering=0)
    except OSError:
        return None
