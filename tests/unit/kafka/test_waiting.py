"""Where a partition is read from: nothing that waits is passed over."""

import pytest

from fink_lib.kafka.waiting import begin_of

NEVER = -1001  # librdkafka's word for no offset that was kept


@pytest.mark.parametrize(
    ("kept", "low", "high", "begin"),
    [
        (NEVER, 0, 7, 0),
        (NEVER, 3, 7, 3),
        (5, 3, 7, 5),
        (7, 3, 7, 7),  # nothing waits
        (2, 3, 7, 3),  # what was not read is past its retention
        (100, 0, 7, 0),  # the topic was deleted and made anew
        (0, 0, 0, 0),
    ],
)
def test_a_partition_is_read_from_its_kept_offset_or_its_beginning(kept: int, low: int, high: int, begin: int) -> None:
    assert begin_of(kept, low, high) == begin
