"""A night whose lake lies in an object store closes as the same night on a disk: results, rows and digests."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from expectations.served import SERVED
from expectations.suites import SUITES
from fink_lib.bench.made_night import PARTITIONS, MadeNight
from fink_lib.catalogs.load import load_catalog_table
from fink_lib.catalogs.sources import known_files
from fink_lib.config import Settings
from fink_lib.kafka.reading import Watermarks
from fink_lib.lake import read
from fink_lib.lake.content import lake_digests
from fink_lib.lake.delta import delta_table, files_of, folder_of
from fink_lib.lake.reading import table_names
from fink_lib.lake.versions import Table
from fink_lib.nightly import compact, crossmatch, manifest, objects, sky_order
from fink_lib.nightly.job import NightContext, Outcome, perform
from fink_lib.nightly.reconcile.step import look
from fink_lib.nightly.report import step as report
from fink_lib.nightly.results import Step
from fink_lib.nightly.serve import step as serve
from fink_lib.nightly.statistics import step as statistics
from fink_lib.quality import step as quality
from fink_lib.quality.served import broken_rows
from fink_lib.surveys import ZTF
from fink_lib.surveys.tables import night_specs
from fink_lib.testing.nights import NIGHT, FakeKafka, silver_row
from tests.builders.night_lake import append
from tests.builders.object_store import BUCKET, CREDENTIALS, object_store
from tests.builders.packet_rows import sample_packets

# Great Expectations' import of a module of Python that is deprecated
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
ALERTS = 60
AT = dt.datetime(2021, 11, 23, 7, tzinfo=dt.UTC)
OF_NIGHTS = "gold__nights"  # it holds the manifest as text, with its run


def nothing_broken(_: NightContext) -> list[str]:
    return []


def kafka_of(made: MadeNight) -> FakeKafka:
    """Return the Kafka that a made night came from, and went to."""
    kept, coming = made.ends, ZTF.topic_of(NIGHT)
    ends = {(topic, 0): Watermarks(0, count) for topic, count in kept.items() if topic != coming}
    parts = {(coming, part): Watermarks(0, len(range(part, ALERTS, PARTITIONS))) for part in range(PARTITIONS)}
    return FakeKafka({**ends, **parts})


def closed(settings: Settings, made: MadeNight) -> dict[Step, Any]:
    """Return what each step but that of the events finds, in the order of a closing."""
    context, kafka = NightContext(settings, ZTF, NIGHT, "run-1"), kafka_of(made)
    steps = {
        Step.RECONCILE: lambda night: Outcome(look(night, kafka, kafka).as_json(night)),  # type: ignore[arg-type]
        Step.QUALITY: lambda night: quality.run(night, SUITES),
        Step.CROSSMATCH: lambda night: crossmatch.run(night, nothing_broken),
        Step.OBJECTS: objects.run,
        Step.COMPACT: compact.run,
        Step.STATISTICS: statistics.run,
        Step.SERVE: lambda night: serve.run(night, lambda one: broken_rows(one, SERVED)),
        Step.REPORT: report.draw,
        Step.MANIFEST: lambda night: manifest.run(night, lambda: AT),
    }
    return {step: perform(context, step, function) for step, function in steps.items()}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Settings, MadeNight]]:
    """A made night with the bytes of a real alert and a catalogue with some of its places, on a disk and in a store."""
    root = tmp_path_factory.mktemp("night")
    catalogs = root / "catalogs"
    catalogs.mkdir()
    with object_store() as url, pytest.MonkeyPatch.context() as patched:
        for name, value in CREDENTIALS.items():
            patched.setenv(name, value)
        near = Settings(home=root / "near", catalogs=catalogs)
        far = Settings(home=root / "far", catalogs=catalogs, s3_endpoint=url, lake_url=f"s3://{BUCKET}/night")
        made = MadeNight(ZTF, NIGHT, ALERTS, {**sample_packets(1)[0], "time": None})
        for settings in (near, far):
            made.write(settings.lake)
        stars = read("silver", "ztf", columns=["ra", "dec"], where=pc.field("kafka_offset") == 0, lake=near.lake)
        stars = stars.append_column("label", pa.array(["EW"] * stars.num_rows))
        pq.write_table(stars, catalogs / "stars.parquet")
        for settings in (near, far):
            load_catalog_table(settings, known_files(catalogs)["stars"])
        yield near, far, made


def told(settings: Settings, found: dict[Step, Any]) -> Any:
    text = json.dumps({str(step): facts for step, facts in found.items()}, default=str)
    return json.loads(text.replace(str(settings.lake), "LAKE").replace(str(settings.home), "HOME"))


def test_a_night_closes_the_same(homes: tuple[Settings, Settings, MadeNight]) -> None:
    near, far, made = homes
    found = [told(one, closed(one, made)) for one in (near, far)]
    assert found[0]["manifest"]["ok"]
    assert found[0]["manifest"]["bronze"] == ALERTS
    assert found[0]["crossmatch"]["catalogs"][0]["matches"] > 0
    assert found[0]["objects"]["objects"] > 0
    assert found[0] == found[1]
    names = table_names(near.lake)
    assert table_names(far.lake) == names
    digested = [name for name in names if name != OF_NIGHTS]
    assert list(lake_digests(near.lake, digested)) == list(lake_digests(far.lake, digested))
    pages = [(one.night_dir("ztf", NIGHT.isoformat()) / "report.html").read_text() for one in (near, far)]
    assert pages[0] == pages[1].replace(str(far.home), str(near.home))
    assert not (far.home / "lake").exists()
    assert not list(Path.cwd().glob("s3:*"))


def test_a_large_night_is_put_in_order_there(
    homes: tuple[Settings, Settings, MadeNight], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact, "ROW_GROUP_BYTES", 2_000)
    monkeypatch.setattr(compact, "is_crowded", lambda *_: True)
    monkeypatch.setattr(sky_order, "fewest_files", lambda *_: 2)
    near, far, _ = homes
    rows, root = [], {"home": near.home.with_name("large")}
    for settings in (near.model_copy(update=root), far.model_copy(update={"lake_url": f"{far.lake_url}/large"})):
        night = NIGHT + dt.timedelta(days=1)
        for first in (0, 20):
            append(
                settings.lake,
                Table.SILVER,
                [silver_row(n, night=night, alert_id=5000 + n) for n in range(first, first + 20)],
            )
        compact.run(NightContext(settings, ZTF, night, "run-2"))
        table = delta_table(night_specs(ZTF)[Table.SILVER].path(settings.lake))
        files = [file for file in files_of(table) if f"night={night}" in str(file)]
        assert len(files) == 2
        assert all(str(file).startswith(str(folder_of(table))) for file in files)
        rows.append(next(lake_digests(settings.lake, ["silver_ztf__alerts"], night)))
    assert rows[0] == rows[1]
    assert rows[0].rows == 40
