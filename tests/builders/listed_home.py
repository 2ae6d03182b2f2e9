"""A home in which every list has a row whose identifiers are as long as real ones get, written without a JVM."""

import datetime as dt
import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from fink_lib.accounts import groups, people, tokens
from fink_lib.accounts.store import Store
from fink_lib.catalogs.versions import CatalogVersion, record_version
from fink_lib.community.draft import Draft
from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.community.saying import say
from fink_lib.config import Settings
from fink_lib.files import replace_text, to_json
from fink_lib.filters.users.store import Action, Event, record
from fink_lib.lake.losses import Loss, note_losses
from fink_lib.lake.places import Range
from fink_lib.lake.rows import Rows
from fink_lib.monitoring.alarms import Alarm, write_alarms
from fink_lib.monitoring.rules import Severity
from fink_lib.multimessenger import store as events
from fink_lib.multimessenger.store import keep
from fink_lib.notices.notice import Notice
from fink_lib.notices.outbox import queue
from fink_lib.notices.subscriptions import Sink, Subscription
from fink_lib.objects.merge import ObjectBook
from fink_lib.objects.pair_book import PairBook
from fink_lib.reprocess.folder import create
from fink_lib.reprocess.request import Request
from fink_lib.served.private import PrivateTable
from fink_lib.served.private_store import PrivateTables
from fink_lib.served.results.book import ResultTopic, ResultTopics
from fink_lib.streams.heartbeat import Heartbeat, StreamState
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import SURVEYS
from fink_lib.user_jobs.record import Form, Language, UserJob
from tests.builders.lake_folder import lake_folder
from tests.unit.quarantine.planted_quarantine import plant_quarantine

AT = dt.datetime(2026, 10, 1, 2, 3, 4, tzinfo=dt.UTC)
NIGHT = dt.date(2021, 11, 22)
TOPIC = "ztf_20211122_programid1_of_a_topic_that_was_made_anew~2"
MESSAGE = f"{TOPIC}:11:123456789012"
LOSS = f"{TOPIC}:3:123456789012-123456789099"
ALERT_ID = 9_007_199_254_740_993  # a float cannot hold it
REQUEST = "manual__2026-10-01T020304-123456-0000"
FILTER = "early_supernovae_of_nearby_galaxies_of_somebody"
CATALOG = "gaia_dr3_variable_stars_north"
ALARM = "StreamBroken"
SUBSCRIPTION = "supernovae-of-the-night-for-the-southern-team"
TRANSFER = "ztf_2021_2022_supernova_candidates_for_the_thesis_of_somebody"
DOWNLOAD = f"finkctl download --topic fink_transfer_{TRANSFER} --output {TRANSFER}.parquet"
USER_JOB = "0123456789abcdef"
USER_TABLE = "user_somebody_with_a_long_name.how_many_there_are"
USER_TOPIC = "fresult.person.somebody.with.a-long__name.how_many_there_are.01234567"
SHADOW = "ztf.shadow_classifier_that_knows_more_kinds"
PERSON, GROUP = "somebody.with.a-long_name", "a_group.with.a-long_name"
OBJECT, PARTNER = "ZTF21aaaaaaa", "9007199254740993"
EVENT = "km3net:KM3-240901A-of-two-pipelines-and-a-multiplet-of-neutrinos"
NEUTRINO = {
    "$schema": "https://gcn.nasa.gov/schema/main/gcn/notices/km3net/alert.schema.json",
    "id": EVENT.partition(":")[2],
    "trigger_time": "2024-09-01T01:16:47Z",
    "ra": 10.82,
    "dec": 20.01,
    "ra_dec_error": 0.9,
}
REASON = "the record\tends\nbefore its schema does, \\ and nothing of what follows can be told"


def plant_home(settings: Settings) -> None:
    """Fill a home."""
    place = {"kafka_topic": TOPIC, "kafka_partition": 11, "kafka_offset": 123456789012, "alert_id": ALERT_ID}
    plant_quarantine(lake_folder(settings), [{**place, "raw": b"Obj\x01" * 9, "reason": REASON, "night": NIGHT}])
    note_losses(
        lake_folder(settings), "ztf", [Loss(Range(TOPIC, 3, 123456789012, 123456789099), NIGHT, "the topic expired")]
    )
    _filters(lake_folder(settings))
    _notices(lake_folder(settings))
    keep(lake_folder(settings), [events.Notice(json.dumps(NEUTRINO).encode(), AT)])
    _catalogs(lake_folder(settings))
    create(settings, Request("ztf", NIGHT, NIGHT, reason="a better classifier"), AT, REQUEST)
    _files(settings)
    _user_job(settings)
    _streams(settings)
    _objects(lake_folder(settings))
    _accounts(settings.home)
    _community(lake_folder(settings))
    fires = Alarm(ALARM, Severity.CRITICAL, f"stream {SHADOW} cannot go on", (("stream", SHADOW),), AT.timestamp() - 90)
    write_alarms(settings, [fires], AT.timestamp())


def _accounts(home: Path) -> None:
    store = Store(home)
    people.add(store, PERSON)
    groups.add(store, GROUP)
    groups.join(store, GROUP, PERSON)
    tokens.add(store, PERSON, "laptop", days=1)


def _community(lake: Path) -> None:
    label = {
        "kind": "classification",
        "survey": "ztf",
        "object_id": OBJECT,
        "taxonomy": "fink/1",
        "label": "SN Ia",
        "probability": 0.9,
    }
    say(Log(lake), Person(PERSON), [Draft.of(label)])


def _same(rows: Rows, _: dt.date) -> Rows:
    return rows


def _objects(lake: Path) -> None:
    head = {"night": NIGHT, "alert_id": ALERT_ID, "time": 59540.75, "ra": 10.0, "dec": -20.0, "band": "r"}
    for survey, name in (("ztf", OBJECT), ("lsst", PARTNER)):
        rows = pa.Table.from_pylist([{**head, "object_id": name}])
        rows = rows.set_column(0, "night", rows["night"].cast(pa.date32()))
        ObjectBook(SURVEYS[survey], lake).merge(partial(_same, Rows(ds.dataset(rows))), [NIGHT], 1)
    PairBook(lake, 2.0).update()


def _filters(lake: Path) -> None:
    added = Event(
        survey="ztf", name=FILTER, event=1, action=Action.ADD, version=1, owner="nearby-galaxies",
        description="Supernovae that are younger than ten days and nearer than forty megaparsecs.",
        predicate="candidate.magpsf < 18 and\nclassification like 'SN\\\\_%'", by="somebody", at=AT,
    )  # fmt: skip
    record(lake, added)
    record(lake, replace(added, event=2, action=Action.ACTIVATE, match_rate=1 / 27, reason="as agreed\twith all"))


def _notices(lake: Path) -> None:
    notice = Notice("ztf.2021-11-22", "ztf", "2021-11-22", "2 new alerts of 2021-11-22", "Two.", {}, (5, ALERT_ID))
    queue(lake, Subscription(SUBSCRIPTION, "ztf", f"filter:{FILTER}", Sink.WEBHOOK, "https://host"), notice)


def _catalogs(lake: Path) -> None:
    record_version(
        lake,
        CatalogVersion(
            CATALOG, 1, 0, "ab" * 32, 12_345_678, 9, 1.5, "stars.parquet", "3.1", "arXiv:1", AT, "0.2.0", None
        ),
    )


def _files(settings: Settings) -> None:
    counts = dict.fromkeys(("offered", "bronze", "quarantine", "silver", "rejected", "repeats"), 418_000_000)
    manifest = {"night": NIGHT.isoformat(), **counts, "lost": [ALERT_ID], "ok": False, "equation_holds": True}
    told = {"transfer_id": TRANSFER, "first_night": "2021-11-01", "last_night": "2022-03-31", "by": "filter"}
    sealed = {"what": FILTER, "rows": 41_000, "asked_by": "somebody", "command": DOWNLOAD}
    night, transfer = settings.night_dir("ztf", NIGHT.isoformat()), settings.home / "transfers" / TRANSFER
    for path, facts in ((night, manifest), (transfer, told | sealed)):
        path.mkdir(parents=True)
        (path / "manifest.json").write_text(json.dumps(facts))


def _user_job(settings: Settings) -> None:
    code = "SELECT count(*) AS n FROM ztf.sources"
    job = UserJob(USER_JOB, PERSON, Language.SQL, code, Form.CSV, ("ztf",), 1.7e9, "how many there are", rows=1)
    replace_text(settings.home / "user_jobs" / USER_JOB / "job.json", to_json(asdict(job)))
    rows = settings.home / "rows.parquet"
    pq.write_table(pa.table({"n": [1]}), rows)
    name = USER_TABLE.partition(".")[2]
    kept = PrivateTables(settings).keep(PrivateTable(name, PERSON, columns={"n": "int64"}, rows=1), rows)
    ResultTopics(settings).save(replace(ResultTopic.of(kept), topic=USER_TOPIC, rows=1, sent_at=1.7e9))


def _streams(settings: Settings) -> None:
    error = f"the offsets of {TOPIC} are gone: see `fink losses list`"
    ingest = StreamSpec("ztf", Stage.INGEST, settings).paths.heartbeat
    for path in (ingest, settings.streams / SHADOW / ingest.name):
        Heartbeat(path.parent.name, "spec", "one", 4194304, "host", StreamState.FAILED, error=error).write(path)
