"""The yard-stick cuts every packet at the same place."""

from fink_lib.bench.environment import prefix_of
from fink_lib.surveys import get_survey
from tests.unit.simulator.alerts import message

ZTF = get_survey("ztf")


def test_the_prefix_ends_where_the_datum_begins() -> None:
    packet = message(5)
    body = ZTF.framing.unwrap(packet).body
    start, schema = prefix_of(packet, ZTF)
    assert packet[start : start + len(body)] == body
    assert schema == ZTF.framing.unwrap(packet).text
