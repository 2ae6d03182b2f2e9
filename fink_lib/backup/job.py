"""Makes a backup of a home, checks one, and makes a home of one."""

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fink_lib import __version__
from fink_lib.backup.copying import copy_checkpoint, copy_database, copy_file, copy_table
from fink_lib.backup.order import is_database, other_files, tables_in_order
from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError, LakeError
from fink_lib.files import JsonObject, replace_text, sync_folder, to_json
from fink_lib.kafka.connection import QUIET, Connection
from fink_lib.kafka.reading import TopicReader
from fink_lib.lake.delta import delta_table
from fink_lib.lake.log import newest_version
from fink_lib.storage import on_disk

FORMAT = 1
INDEX = "backup.json"
HOME = "home"
BLOCK = 1 << 20
Say = Callable[[str], None]


@dataclass(frozen=True)
class Checked:
    """What a check of a backup found.

    Attributes
    ----------
    files, bytes
        How many were looked at.
    wrong
        A sentence for each thing that is wrong.
    """

    files: int
    bytes: int
    wrong: tuple[str, ...]


def create(settings: Settings, target: Path, say: Say) -> JsonObject:
    """Make a backup while the broker runs; return what it holds.

    Parameters
    ----------
    settings
        Of the broker whose home is kept.
    target
        Folder of the backup; it appears when it is whole.
    say
        Told how far it is.

    Raises
    ------
    ConfigError
        When the target is there already, or lies in the home.
    """
    if target.exists():
        raise ConfigError(f"{target} is there already: name a folder that is not")
    if target.absolute().is_relative_to(settings.home.absolute()):
        raise ConfigError(f"{target} lies in the home that is to be kept: name a folder outside of it")
    lake, scratch = on_disk(settings.lake, "a backup"), target.with_name(f".{target.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700, parents=True)  # passwords of the home are in it
    home = scratch / HOME
    for checkpoint in sorted(settings.checkpoints.glob("*/*")):
        if checkpoint.is_dir():
            copy_checkpoint(checkpoint, home / checkpoint.relative_to(settings.home))
    say("checkpoints: copied")
    versions = {table.name: newest_version(table) for table in tables_in_order(lake)}
    for name, version in versions.items():
        copy_table(lake / name, version, home / "lake" / name)
    say(f"lake: {len(versions)} tables copied")
    for path in other_files(settings):
        copy = copy_database if is_database(path) else copy_file
        copy(path, home / path.relative_to(settings.home))
    _keep_rights(settings.home, home)
    facts = {
        "format": FORMAT,
        "created_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "code_version": __version__,
        "home": str(settings.home),
        "tables": {name: {"version": at, "rows": _rows(home / "lake" / name)} for name, at in versions.items()},
        "topics": _positions(settings, say),
        "files": {str(path.relative_to(scratch)): _facts(path) for path in sorted(home.rglob("*")) if path.is_file()},
    }
    replace_text(scratch / INDEX, to_json(facts), durable=True)
    scratch.replace(target)
    sync_folder(target.parent)
    return facts


def _keep_rights(there: Path, copy: Path) -> None:
    """Give the folders of a copy the rights that they have in the home."""
    for folder in copy.rglob("*"):
        original = there / folder.relative_to(copy)
        if folder.is_dir() and original.is_dir():
            shutil.copymode(original, folder)


def check(source: Path) -> Checked:
    """Look whether a backup is whole: every file as it was copied, every table readable and with all of its rows."""
    facts = _read(source)
    wrong = []
    for name, of in facts["files"].items():
        path = source / name
        if not path.is_file():
            wrong.append(f"{name} is missing")
        elif _facts(path) != of:
            wrong.append(f"{name} is not what was copied")
    for name, of in facts["tables"].items():
        try:
            rows = _rows(source / HOME / "lake" / name)
        except Exception as error:  # noqa: BLE001 - whatever a damaged table raises is a finding
            wrong.append(f"table {name} cannot be read: {error}")
        else:
            if rows != of["rows"]:
                wrong.append(f"table {name} has {rows} rows, and had {of['rows']}")
    return Checked(len(facts["files"]), sum(of["bytes"] for of in facts["files"].values()), tuple(wrong))


def restore(source: Path, home: Path, say: Say) -> JsonObject:
    """Make a home of a backup that was checked; return what the backup holds.

    Parameters
    ----------
    source
        Folder of the backup.
    home
        The new home, on the same disk as its parent.
    say
        Told how far it is.

    Raises
    ------
    ConfigError
        When the home is not empty.
    LakeError
        When the backup is not whole.
    """
    if home.exists() and {one.name for one in home.iterdir()} - {"logs"}:  # a command itself writes its log there
        raise ConfigError(f"{home} is not empty: a backup is restored into an empty home")
    found = check(source)
    if found.wrong:
        raise LakeError(f"backup {source} is not whole: {'; '.join(found.wrong[:5])}")
    say(f"checked {found.files} files, {found.bytes / 1e6:.1f} MB")
    scratch = home.with_name(f".{home.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700, parents=True)  # nobody reads a password on the way
    shutil.copytree(source / HOME, scratch, dirs_exist_ok=True)
    home.mkdir(parents=True, exist_ok=True)
    for one in scratch.iterdir():
        one.replace(home / one.name)
    scratch.rmdir()
    sync_folder(home)
    return _read(source)


def _read(source: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((source / INDEX).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{source} is no backup: it has no {INDEX}") from None
    except ValueError as error:
        raise LakeError(f"{source / INDEX} is damaged: {error}") from error
    if int(facts.get("format", 0)) > FORMAT:
        raise ConfigError(f"backup {source} was made by a newer version ({facts.get('code_version')})")
    return facts


def _rows(table: Path) -> int:
    return int(delta_table(table).count())


def _facts(path: Path) -> Mapping[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def _positions(settings: Settings, say: Say) -> Mapping[str, Mapping[str, tuple[int, int]]]:
    """Return how far each topic of the broker's own Kafka goes; empty where it does not answer."""
    try:
        with TopicReader(Connection.of(settings), "backup", QUIET, answer_s=10.0) as reader:
            return {
                topic: {str(part): _ends(reader, topic, part) for part in parts}
                for topic, parts in reader.topics().items()
                if not topic.startswith("__")
            }
    except BrokerError as error:
        say(f"positions of topics are not noted: {error}")
        return {}


def _ends(reader: TopicReader, topic: str, partition: int) -> tuple[int, int]:
    marks = reader.watermarks(topic, partition)
    return marks.low, marks.high
