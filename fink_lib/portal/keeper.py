"""Keeps the API answering: ``python -m fink_lib.portal.keeper HOST PORT`` holds the port and runs the server beside it.

When the server dies another is started. The port is open all the while: whoever asks in between waits for the new one
instead of being refused. When the keeper dies the server ends too, so that no port stays taken.
"""

import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

logger = logging.getLogger(__name__)

SERVER = "fink_lib.portal.server"
CANNOT_START = 3  # how a server ends that never answered, and never will
QUEUE = 2048  # who may wait for an answer while there is no server
COMES_UP_S = 20.0  # a server that ends with an error before, and never came up, is not started again
SHORT_S, LONGEST_PAUSE_S = 60.0, 30.0
Process = subprocess.Popen[bytes]


class Keeper:
    """Runs a command again and again, until it is told to stop.

    Parameters
    ----------
    command
        What is run; its standard input is a pipe that ends with this process.
    handle
        Open file that it inherits.
    clock
        What time it is, seconds.
    """

    def __init__(self, command: Sequence[str], handle: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._command, self._handle, self._clock = list(command), handle, clock
        self._stopping = threading.Event()
        self._process: Process | None = None

    def stop(self) -> None:
        """Ask the command to end, and start it no more."""
        self._stopping.set()
        if self._process is not None:
            self._process.terminate()

    def run(self) -> int:
        """Keep the command running; return an exit code once it was stopped, or where it cannot come up."""
        short, came_up = 0, False
        while not self._stopping.is_set():
            since = self._clock()
            code, lived_s = self._once(), self._clock() - since
            came_up = came_up or code < 0 or (lived_s >= COMES_UP_S and code != CANNOT_START)
            if not came_up:
                return code
            if not self._stopping.is_set():
                short = short + 1 if lived_s < SHORT_S else 0
                logger.warning("the API ended with %d after %.0f s: it is started again", code, lived_s)
                self._stopping.wait(pause_s(short))
        return 0

    def _once(self) -> int:
        try:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, pass_fds=(self._handle,))
        except OSError:  # no memory, as it is just after one was killed for want of it
            logger.exception("the API was not started")
            return 1
        if self._stopping.is_set():  # it was asked for while the process was made
            self._process.terminate()
        try:
            return self._process.wait()
        finally:
            if self._process.stdin is not None:
                self._process.stdin.close()


def pause_s(short: int) -> float:
    """Return how long to wait before the next start, where so many in a row have lived shortly."""
    return 0.0 if short <= 1 else min(LONGEST_PAUSE_S, 0.25 * 2**short)


def listening_at(host: str, port: int) -> socket.socket:
    """Return an open port; of a name with several addresses, one of IPv4, by which the host itself asks.

    Parameters
    ----------
    host
        Address or name.
    port
        Which.

    Raises
    ------
    OSError
        When it is taken.
    """
    found = [one[0] for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)]
    family = socket.AF_INET if socket.AF_INET in found else found[0]
    return socket.create_server((host, port), family=family, backlog=QUEUE)


def main(host: str, port: int) -> int:
    """Keep the API at a port.

    Parameters
    ----------
    host, port
        Where it listens.
    """
    with listening_at(host, port) as door:
        keeper = Keeper([sys.executable, "-m", SERVER, str(door.fileno())], door.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: keeper.stop())
        return keeper.run()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
