"""Released messages in the books: a replayed one counts in bronze alone, a discarded one stays quarantined."""

import datetime as dt

import pyarrow as pa

from fink_lib.config import Settings
from fink_lib.lake.releases import Action, Release, read_releases, record_releases, without_replayed
from fink_lib.surveys import ZTF

NOW = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def release(offset: int, action: Action) -> Release:
    return Release(
        dt.date(2021, 11, 22), 7, "t", 0, offset, "ingest", str(action), "me", "a schema was added", NOW, "0.1.0"
    )


def test_a_release_is_kept_as_it_was_made(settings: Settings) -> None:
    assert read_releases(settings.lake, ZTF.name).num_rows == 0
    record_releases(settings.lake, ZTF.name, [])
    assert not settings.lake.exists()
    record_releases(settings.lake, ZTF.name, [release(1, Action.REPLAYED)])
    record_releases(settings.lake, ZTF.name, [release(2, Action.DISCARDED)])
    rows = read_releases(settings.lake, ZTF.name).sort_by("kafka_offset").to_pylist()
    assert [Release(**row) for row in rows] == [release(1, Action.REPLAYED), release(2, Action.DISCARDED)]


def test_only_replayed_messages_leave_the_quarantine(settings: Settings) -> None:
    record_releases(settings.lake, ZTF.name, [release(1, Action.REPLAYED), release(2, Action.DISCARDED)])
    rows = pa.table({"kafka_topic": ["t"] * 4, "kafka_partition": [0, 0, 0, 1], "kafka_offset": [1, 2, 3, 1]})
    left = without_replayed(rows, read_releases(settings.lake, ZTF.name))
    assert list(zip(left["kafka_partition"].to_pylist(), left["kafka_offset"].to_pylist(), strict=True)) == [
        (0, 2),
        (0, 3),
        (1, 1),
    ]
