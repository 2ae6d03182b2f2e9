"""Ports on the loopback interface."""

import socket

from fink_lib.errors import HostError

LOOPBACK = "127.0.0.1"


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
    """Tell whether something accepts connections on this port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=timeout_s):
            return True
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Return ports that are free now, all different.

    Another process can take one before it is used: whoever binds it must report that clearly.
    """
    probes = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


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
