"""Measure commits to a Delta log in an object store: who is told that one is theirs when several processes ask.

The same race as in a local folder (`fink_lib.bench.commits`), over the network: rounds are further apart.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Self
from uuid import uuid4
from xml.etree.ElementTree import Element, SubElement, tostring

from fink_lib.bench.commits import CommitReport, Contest, Race, Say, compared, sentence, writer_of
from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host.log_store import ensure_object_store
from fink_lib.lake.object_store import file_system, in_store, require_conditional, storage_options
from fink_lib.lake.spark.object_store import CLASS, hadoop_conf

DEFAULT_STORE = "io.delta.storage.S3SingleDriverLogStore"  # what Delta takes for object stores
STEP_MS = 150  # a commit is a request or two
JITTER_MS = 20


class ObjectContest(Contest):
    """The compiled program, and what is done with it in an object store; use as a context.

    Parameters
    ----------
    settings
        Where the jars are, and how the store is reached.
    url
        Place in the store, ``s3://bucket/path``, below which tables are made, and removed at the end.
    """

    step_ms = STEP_MS
    jitter_ms = JITTER_MS

    def __init__(self, settings: Settings, url: str, say: Say = print) -> None:
        super().__init__(settings, say)
        self._place = f"{in_store(url)}/fink-race-{uuid4().hex}"
        self._store = file_system(settings)

    def __enter__(self) -> Self:
        super().__enter__()
        (self.folder / "core-site.xml").write_bytes(core_site(hadoop_conf(self._settings)))
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__(*_)
        self._store.delete_dir(self._place)

    def _jars(self) -> list[Path]:
        # The folder is on the class path too: Hadoop reads core-site.xml from there.
        ours = ensure_object_store(self._settings, self._say)
        return [*super()._jars(), ours, *sorted(self._settings.s3_jars.glob("*.jar")), self.folder]

    def _options(self) -> dict[str, str] | None:
        return storage_options(self._settings)

    def _new_table(self) -> str:
        return f"s3a://{self._place}/{uuid4().hex}"

    def _judge(self, store: str, rounds: int, log: str, told: Mapping[str, set[int]]) -> Race:
        return compared(store, rounds, told, {entry: self._writer(log, entry) for entry in range(1, rounds + 1)})

    def _writer(self, log: str, entry: int) -> str:
        try:
            with self._store.open_input_stream(f"{in_store(log)}/{entry:020}.json") as source:
                return writer_of(source.read())
        except FileNotFoundError:
            return ""


def core_site(conf: Mapping[str, str]) -> bytes:
    """Write settings as Hadoop reads them.

    Parameters
    ----------
    conf
        Value by key.
    """
    root = Element("configuration")
    for key, value in conf.items():
        entry = SubElement(root, "property")
        SubElement(entry, "name").text, SubElement(entry, "value").text = key, value
    return bytes(tostring(root))


def run_object_commits(settings: Settings, url: str, rounds: int, say: Say) -> CommitReport:
    """Ask the store whether it decides, then race with Delta's store and with ours, alone and beside delta-rs.

    Parameters
    ----------
    settings
        How the store is reached.
    url
        Place in it, ``s3://bucket/path``.
    rounds
        Entries that all writers ask for.
    say
        Receives a line a race.

    Raises
    ------
    HostError
        When no store is configured, it cannot be reached, or it lets two writers have one commit.
    """
    if not settings.has_object_store:
        raise HostError("no object store is configured: set FINK_S3_ENDPOINT or FINK_S3_REGION")
    require_conditional(url, settings)
    say(f"{url}: the second of two writers is refused")
    races = []
    with ObjectContest(settings, url, say) as contest:
        for store in (DEFAULT_STORE, CLASS):
            races.append(contest.race(store, rounds))
            say(sentence(races[-1]))
        races.append(contest.race_delta_rs(CLASS, rounds))
        say(sentence(races[-1]))
    return CommitReport(races, {}, 0.0)
