"""What a science module can be made to do, once, in whichever process asks it first."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from typing import Any

DEED, MARK = "MODULE_DEED", "MODULE_MARK"
DAEMON = "tests.kills.planted_daemon"


def hang() -> None:
    """held up its process once"""
    time.sleep(3600)


def die() -> None:
    """ended its process once"""
    os.kill(os.getpid(), signal.SIGKILL)


def leak() -> None:
    """asked for 20 GB once"""
    bytearray(20 * 2**30)


DEEDS: Mapping[str, Callable[[], None]] = {"hang": hang, "die": die, "leak": leak}


def once(work: Callable[..., Any], deed: Callable[[], None], mark: str) -> Callable[..., Any]:
    """Return a function that does a deed the first time that any process calls it, and its work every other time."""

    def worked(*arguments: Any, **named: Any) -> Any:
        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return work(*arguments, **named)
        return deed()

    return worked
