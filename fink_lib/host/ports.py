"""Ports on the loopback interface."""

import itertools
import random
import socket
from pathlib import Path

from fink_lib.errors import HostError

LOOPBACK = "127.0.0.1"
LOWEST_OF_OURS = 10_000
ROOM = 1_000
OUTGOING_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST_OF_OUTGOING_BY_IANA = 49_152

_handed_out: set[int] = set()


def is_free(port: int) -> bool:
    """Tell whether a server could bind this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # A server that was just stopped leaves connections in TIME_WAIT; they do not hinder ours either.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def answers(port: int, timeout_s: float = 0.5) -> bool:
    """Tell whether something accepts connections on this port.

    Parameters
    ----------
    port
        On the loopback interface.
    timeout_s
        Seconds to wait at the most.
    """
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_s):
            return True
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Return ports that are free now, all different, none of which this process got before.

    They lie below those that the kernel hands to outgoing connections: such a connection would otherwise take one
    between this look and the start of the server. Another server can still: whoever binds it must report that clearly.

    Raises
    ------
    HostError
        When so many are not free.
    """
    candidates = [port for port in range(LOWEST_OF_OURS, _first_of_outgoing()) if port not in _handed_out]
    random.SystemRandom().shuffle(candidates)
    found = list(itertools.islice(filter(is_free, candidates), count))
    if len(found) < count:
        raise HostError(f"no {count} free ports from {LOWEST_OF_OURS} to {_first_of_outgoing() - 1}: stop some servers")
    _handed_out.update(found)
    return found


def _first_of_outgoing() -> int:
    """Return the lowest port that the kernel gives to a connection that asks for none."""
    try:
        first = int(OUTGOING_PORTS.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return FIRST_OF_OUTGOING_BY_IANA
    # A kernel that hands out nearly all of them leaves no room below.
    return first if first >= LOWEST_OF_OURS + ROOM else FIRST_OF_OUTGOING_BY_IANA


def choose(port: int, *, service: str, setting: str, last: int | None = None) -> int:
    """Return the port to bind: the one asked for, or for 0 the last one used if it is still free, or any free one.

    Parameters
    ----------
    service, setting
        Who wants it and which setting names it, for the error.

    Raises
    ------
    HostError
        When the port asked for is taken.
    """
    if port == 0:
        return last if last is not None and is_free(last) else free_ports(1)[0]
    if not is_free(port):
        raise HostError(
            f"port {port} for {service} is taken by another program: stop that program or set {setting} to another port"
        )
    return port
