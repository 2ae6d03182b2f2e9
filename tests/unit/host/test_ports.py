"""Ports: free, taken, chosen."""

import socket
from collections.abc import Iterator

import pytest

from fink_lib.errors import HostError
from fink_lib.host import ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def test_taken_port_is_named(taken: int) -> None:
    with pytest.raises(HostError, match=f"port {taken} for Kafka is taken .* FINK_KAFKA_PORT"):
        ports.choose(taken, service="Kafka", setting="FINK_KAFKA_PORT")


def test_zero_takes_a_free_one(taken: int) -> None:
    port = ports.choose(0, service="Kafka", setting="FINK_KAFKA_PORT", last=taken)
    assert port != taken
    assert ports.is_free(port)


def test_zero_takes_the_last_one_again() -> None:
    last = ports.free_ports(1)[0]
    assert ports.choose(0, service="Kafka", setting="FINK_KAFKA_PORT", last=last) == last


def test_free_ports_differ() -> None:
    assert len(set(ports.free_ports(5))) == 5


def test_no_port_is_given_twice() -> None:
    assert len({ports.free_ports(1)[0] for _ in range(50)}) == 50


def test_no_outgoing_connection_takes_a_free_one() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert max(ports.free_ports(50)) < client.getsockname()[1]


def test_too_many_are_refused_by_name() -> None:
    with pytest.raises(HostError, match=r"no 70000 free ports from 10000"):
        ports.free_ports(70_000)


def test_answers(taken: int) -> None:
    assert ports.answers(taken)
    assert not ports.answers(ports.free_ports(1)[0])
