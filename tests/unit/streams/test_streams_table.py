"""The table of streams: what an entry says is all that a kind of stream needs."""

import ast
import importlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.config.groups.spark import SparkSettings
from fink_lib.errors import ConfigError
from fink_lib.host.overview import look
from fink_lib.lake.spark.python_daemon import VARIABLE, daemon_conf, preload
from fink_lib.maintenance.prune import unused_checkpoints
from fink_lib.reprocess.shadow import tables_of
from fink_lib.reprocess.shadow_life import shadows
from fink_lib.streams.code import code_digest, packages_of
from fink_lib.streams.heartbeat import Heartbeat
from fink_lib.streams.kinds import KINDS, Stage
from fink_lib.streams.known import known_streams, stream_named
from fink_lib.streams.spec import StreamSpec
from tests.unit.imports import imported, module_in

# Settings that modules read which a driver loads, and that are of no weight for it
SESSIONS = {"batch_memory", "batch_java_options"}  # defaults that a driver does not take
EVERY = {"surveys", *SESSIONS}  # a driver is of one survey
TOPICS = {"output_partitions", "output_retention_days"}  # read where topics are made
KAFKA = {"kafka_bootstrap", "kafka_security"}  # how a survey's Kafka is reached
SCIENCE = {"catalogs", "tns_snapshot"}  # read when a module is run; filters only want its columns
WATCHING = {"night_quiet_s", "heartbeat_silence_s"}  # how nights are told to be over
SENDING = {"notice_retry_s", "report_mail_from", "report_smtp"}  # notices are queued by a driver, and sent by a job
OF_NO_WEIGHT = {"ingest": TOPICS, "enrich": KAFKA, "shadow": KAFKA, "distribute": SCIENCE | WATCHING | SENDING}


def other(field: str, settings: Settings) -> Settings:
    """The settings with another value of one field, of a type that can be written down."""
    value = getattr(settings, field)
    if value is None and Settings.model_fields[field].annotation == int | None:
        value = 0
    changed: dict[type, Any] = {bool: lambda: not value, int: lambda: value + 1, float: lambda: value + 1.5}
    make = changed.get(type(value), lambda: {"x": "y"} if isinstance(value, dict) else Path(f"{value}x"))
    return settings.model_copy(update={field: f"{value}x" if isinstance(value, str) else make()})


@pytest.mark.parametrize("kind", KINDS)
def test_the_hash_is_of_the_settings_of_the_groups_and_of_no_others(kind: str) -> None:
    usual, label = Settings(project=PROJECT_DIR), "x1" if KINDS[kind].labelled else ""
    before = StreamSpec("ztf", kind, usual, label).hash
    told = {
        field
        for field in Settings.model_fields
        if StreamSpec("ztf", kind, other(field, usual), label).hash != before
        if field != "of_surveys"
    }
    assert told == KINDS[kind].fields


def modules(name: str) -> list[Path]:
    path = PROJECT_DIR.joinpath(*name.split("."))
    return [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]


def read_by(kind: str) -> set[str]:
    """The settings that are named in the modules which a driver and its workers load."""
    waiting = [PROJECT_DIR / "jobs" / "streaming" / KINDS[kind].job]
    waiting += [path for name in KINDS[kind].preload for path in modules(name)]
    seen, read = set[Path](), set[str]()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            text = path.read_text()
            read |= set(re.findall(r"(?i)\b_?settings(?:\(\))?\.(\w+)", text)) & set(Settings.model_fields)
            found = {module_in(PROJECT_DIR, name) for name in imported(ast.parse(text)) if name.startswith("fink_lib")}
            waiting += [path for name in found if name for path in modules(name)]
    return read


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_driver_reads_is_in_its_groups(kind: str) -> None:
    read = read_by(kind)
    assert {"project", "spark_master", "stream_memory", f"{KINDS[kind].stage}_trigger_s"} <= read
    assert read - KINDS[kind].fields == EVERY | OF_NO_WEIGHT[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_names_what_is_there(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    facts = KINDS[kind]
    assert (PROJECT_DIR / "jobs" / "streaming" / facts.job).is_file()
    assert facts.preload
    assert [importlib.import_module(name).__name__ for name in facts.preload] == list(facts.preload)
    preload(facts.preload)
    assert capsys.readouterr().err == ""
    assert facts.stage == kind or facts.labelled
    assert len([name for group in facts.settings for name in group.model_fields]) == len(facts.fields), "no group twice"
    assert daemon_conf(facts.preload)[f"spark.executorEnv.{VARIABLE}"] == ",".join(facts.preload)


def test_every_setting_stands_in_one_group() -> None:
    groups = [base for base in Settings.__mro__[1:] if base.__module__.startswith("fink_lib.config.groups")]
    fields = [name for group in groups if issubclass(group, BaseModel) for name in group.model_fields]
    assert sorted(fields) == sorted(Settings.model_fields)


def test_a_new_kind_is_an_entry(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream beside enrich and one of another source: named, hashed, given a checkpoint, and listed."""
    rehearsal = replace(KINDS["shadow"], checkpoint_version=7, settings=(SparkSettings,))
    archive = replace(KINDS["ingest"], job="shadow.py", checkpoint_version=3)
    monkeypatch.setitem(KINDS, "rehearsal", rehearsal)
    monkeypatch.setitem(KINDS, "archive", archive)
    beside, source = StreamSpec("ztf", "rehearsal", settings, "of_may"), StreamSpec("lsst", "archive", settings)
    live = StreamSpec("ztf", Stage.ENRICH, settings)
    assert (beside.name, beside.stage, beside.app_id) == (
        "ztf.rehearsal_of_may",
        Stage.ENRICH,
        "ztf.rehearsal_of_may.v7",
    )
    assert source.name == "lsst.archive"
    assert source.checkpoint == settings.checkpoints / "lsst.archive" / "v3"
    assert beside.command[-3:] == [str(settings.project / "jobs/streaming/shadow.py"), "--stream", beside.name]
    assert [stream_named(spec.name, settings) for spec in (beside, source, live)] == [beside, source, live]
    assert tables_of(beside) == settings.lake / "rehearsal_of_may"
    assert len({spec.hash for spec in (beside, source, live)}) == 3
    assert StreamSpec("ztf", "rehearsal", other("spark_codegen", settings), "of_may").hash != beside.hash
    assert StreamSpec("ztf", "rehearsal", other("science_alert_s", settings), "of_may").hash == beside.hash

    for spec in (beside, source, live):
        Heartbeat(spec.name, spec.hash, "token", 1, "host").write(spec.paths.heartbeat)
        spec.checkpoint.mkdir(parents=True)
    assert [row.name for row in look(settings).streams] == ["lsst.archive", "ztf.enrich", "ztf.rehearsal_of_may"]
    assert shadows(settings) == [beside]
    assert unused_checkpoints(settings) == []
    (old := source.checkpoint.with_name("v2")).mkdir()
    assert unused_checkpoints(settings) == [old]


def test_known_streams_in_the_order_of_the_flow(settings: Settings) -> None:
    names = ("ztf.ingest", "ztf.enrich", "ztf.distribute", "ztf.shadow_newer")
    for name in (*names, "notes", "ztf.notes", "ztf.shadow_"):
        (settings.streams / name).mkdir(parents=True)
    assert tuple(spec.name for spec in known_streams(settings)) == names


@pytest.mark.parametrize(
    ("kind", "label", "told"),
    [
        ("enrih", "", "there is no stream 'enrih': there are ingest, enrich, distribute, shadow"),
        ("shadow", "", "'' cannot name a shadow"),
        ("shadow", "../x", "'../x' cannot name a shadow"),
        ("enrich", "x1", "stream 'enrich' takes no label, it is given 'x1'"),
    ],
)
def test_a_stream_that_cannot_be(kind: str, label: str, told: str, settings: Settings) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        StreamSpec("ztf", kind, settings, label)


@pytest.mark.parametrize("name", ["ztf", "ztf.", "ztf.enrichh", ".enrich", "ztf.shadow", "ztf.shadow_"])
def test_a_name_of_no_stream(name: str, settings: Settings) -> None:
    with pytest.raises(ConfigError, match=rf"'{re.escape(name)}'|cannot name a shadow"):
        stream_named(name, settings)


def planted(root: Path) -> Path:
    """A checkout of three packages and a module, of which a job reaches all but one."""
    job = root / "jobs" / "streaming" / "one.py"
    texts = {
        "fink_lib/__init__.py": "",
        "fink_lib/near/__init__.py": "",
        "fink_lib/near/stream.py": "def late():\n    from fink_lib.far.work import Work\n",
        "fink_lib/near/schema.avsc": "{}",
        "fink_lib/far/work.py": "import json\nfrom fink_lib import sky\n",
        "fink_lib/sky.py": "",
        "fink_lib/portal/pages.py": "from fink_lib.near import stream\n",
        "jobs/streaming/one.py": "from fink_lib.near.stream import plan\n",
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return job


CHANGES = {
    "jobs/streaming/one.py": True,
    "fink_lib/near/stream.py": True,
    "fink_lib/near/schema.avsc": True,
    "fink_lib/near/found_by_itself.py": True,
    "fink_lib/far/work.py": True,
    "fink_lib/sky.py": True,
    "fink_lib/near/__pycache__/stream.pyc": False,
    "fink_lib/portal/pages.py": False,
    "fink_lib/portal/new.py": False,
}


@pytest.mark.parametrize(("name", "told"), CHANGES.items())
def test_the_code_of_a_driver_is_what_it_reaches(name: str, told: bool, tmp_path: Path) -> None:  # noqa: FBT001
    job = planted(tmp_path)
    assert packages_of(job) == ["far", "near", "sky"]
    before = code_digest(job)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    with (tmp_path / name).open("a") as file:
        file.write("\n# another line\n")
    assert code_digest(job) == before, "a process speaks of the code that it found first"
    code_digest.cache_clear()
    assert (code_digest(job) != before) == told


def test_the_code_of_another_checkout_is_its_own(tmp_path: Path) -> None:
    planted(tmp_path)
    job = KINDS["shadow"].job
    (tmp_path / "jobs" / "streaming" / job).write_text("from fink_lib.near import stream\n")
    spec = StreamSpec("ztf", "shadow", Settings(project=tmp_path), "newer")
    assert packages_of(spec.job) == ["far", "near", "sky"]
    assert "portal" not in packages_of(PROJECT_DIR / "jobs" / "streaming" / job)


def test_a_driver_without_a_file_has_a_hash(tmp_path: Path) -> None:
    spec = StreamSpec("ztf", "ingest", Settings(project=tmp_path / "nowhere"))
    assert len(spec.hash) == 16
