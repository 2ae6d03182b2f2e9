"""Partitions are by object, and never move."""

from fink_lib.kafka.topics import partition_of


def test_the_partition_of_an_object_is_pinned() -> None:
    objects = ("ZTF21abcdefg", "ZTF18aaaaaaa", "ZTF23zzzzzzz", "313853499611217922")
    assert [partition_of(one, 10) for one in objects] == [4, 0, 7, 5]


def test_objects_spread_over_all_partitions() -> None:
    used = [partition_of(f"ZTF21aaaaa{a}{b}", 10) for a in "abcdefghij" for b in "abcdefghij"]
    assert set(used) == set(range(10))
    assert max(used.count(partition) for partition in range(10)) <= 20
