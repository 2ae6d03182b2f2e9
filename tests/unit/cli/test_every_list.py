"""Every command that lists or shows: identifiers whole at 80 columns, tabs in a pipe, JSON; a new one cannot forget."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from fink_lib.cli import kafka as kafka_commands
from fink_lib.cli import main as cli
from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.filters.registry import filters_of
from fink_lib.kafka.reading import Topic
from fink_lib.kafka.users import User
from fink_lib.lake.tables import gold_known_losses, quarantine
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.models import MODELS
from tests.builders import listed_home as planted
from tests.builders.terminals import terminal

LISTING = {"list", "show", "status", "tables", "topics", "users", "history", "columns"}
USER = "supernovae-of-the-southern-sky"
NIGHT = planted.NIGHT.isoformat()


@dataclass(frozen=True)
class Case:
    """One command: its words, identifiers that it must show whole, and whether it is a list."""

    words: tuple[str, ...]
    shown: Sequence[str]
    is_list: bool = True
    has_home: bool = True

    def __str__(self) -> str:
        return " ".join(self.words[:2])


CASES = (
    Case(("alarms", "list"), (planted.ALARM,)),
    Case(("catalogs", "list"), (planted.CATALOG,)),
    Case(("community", "list"), (planted.OBJECT, planted.PERSON)),
    Case(("community", "show", planted.OBJECT), (planted.OBJECT, planted.PERSON), is_list=False),
    Case(("filters", "list"), (planted.FILTER, *(one.topic for one in filters_of("ztf")))),
    Case(("filters", "show", "early_kn_candidates"), ("fink_early_kn_candidates_ztf",), is_list=False, has_home=False),
    Case(("filters", "history"), (planted.FILTER,)),
    Case(("filters", "columns"), ("candidate.jdstarthist", "lc_features_r.amplitude"), has_home=False),
    Case(("gcn", "list"), (planted.EVENT,)),
    Case(("gcn", "show", planted.EVENT), (planted.EVENT,), is_list=False),
    Case(("jobs", "list"), (planted.USER_JOB, planted.PERSON)),
    Case(("jobs", "show", planted.USER_JOB), (planted.USER_JOB, planted.PERSON), is_list=False),
    Case(("jobs", "tables"), (planted.USER_TABLE, planted.PERSON)),
    Case(("jobs", "topics"), (planted.USER_TOPIC, planted.USER_TABLE)),
    Case(("kafka", "topics"), (planted.TOPIC, f"fink_{planted.FILTER}_ztf")),
    Case(("kafka", "users"), (USER, f"fink_{planted.FILTER}_ztf")),
    Case(("lake", "show"), (quarantine("ztf").full_name, gold_known_losses("ztf").full_name)),
    Case(("losses", "list"), (planted.LOSS, NIGHT)),
    Case(("models", "list"), tuple(MODELS), has_home=False),
    Case(("night", "list"), (NIGHT,)),
    Case(("night", "show", NIGHT), (NIGHT, str(planted.ALERT_ID)), is_list=False),
    Case(("notices", "list"), (planted.SUBSCRIPTION,)),
    Case(("object", "show", planted.OBJECT), (planted.OBJECT, planted.PARTNER, NIGHT), is_list=False),
    Case(("quarantine", "list"), (planted.MESSAGE, str(planted.ALERT_ID), "undecodable")),
    Case(("quarantine", "show", planted.MESSAGE), (planted.TOPIC, str(planted.ALERT_ID)), is_list=False),
    Case(("reprocess", "list"), (planted.REQUEST,)),
    Case(("science", "list"), tuple(one.name for one in modules_of("ztf")), has_home=False),
    Case(("science", "show", "early_snia"), ("early_snia", "arXiv:2111.11438"), is_list=False, has_home=False),
    Case(("status",), ("ztf.ingest", planted.SHADOW, NIGHT)),
    Case(("transfer", "list"), (planted.TRANSFER, planted.DOWNLOAD)),
    Case(("users", "list"), (planted.PERSON,)),
    Case(("groups", "list"), (planted.GROUP,)),
    Case(("tokens", "list"), (planted.PERSON,)),
)
LISTS = [case for case in CASES if case.is_list]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = Settings(home=tmp_path_factory.mktemp("listed") / "home")
    planted.plant_home(settings)
    return settings.home


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Kafka that says at once what a real one would; no command here looks at anything else of it."""
    topics = [Topic(planted.TOPIC, 12, 418_000_000), Topic(f"fink_{planted.FILTER}_ztf", 10, 17)]
    users = [User(USER, (topics[1].name, f"{topics[1].name}_restricted"))]
    monkeypatch.setattr("fink_lib.host.stack.connected", lambda settings: settings)
    monkeypatch.setattr("fink_lib.host.stack.kafka_listeners", lambda _: "127.0.0.1:9092 for anyone")
    monkeypatch.setattr("fink_lib.kafka.reading.list_topics", lambda _: topics)
    monkeypatch.setattr("fink_lib.kafka.users.users", lambda _: users)
    monkeypatch.setattr("fink_lib.served.results.readers.settle_readers", lambda _: 0)
    monkeypatch.setattr(kafka_commands, "_admin", lambda _: SimpleNamespace())
    monkeypatch.setattr(kafka_commands, "_readers", lambda _: {topics[1].name: {USER, "others"}, planted.TOPIC: {"*"}})


def run(case: Case, home: Path, *more: str) -> None:
    of_home = ("--home", str(home)) if case.has_home else ()
    with pytest.raises(SystemExit) as end:
        cli.main([*case.words, *more, *of_home])
    assert not end.value.code


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("width", [80, 60])
def test_each_identifier_stands_whole_on_one_line(case: Case, width: int, home: Path) -> None:
    with terminal(width) as screen:
        run(case, home)
    lines = screen.lines()
    for identifier in case.shown:
        assert any(identifier in line for line in lines), f"{identifier} is not whole in\n" + "\n".join(lines)
    wide = [line for line in lines if len(line) > width and case.words[:2] != ("night", "show")]
    assert all(len(line.split()) == 1 or planted.DOWNLOAD in line or "00000" in line for line in wide), wide


@pytest.mark.parametrize("case", LISTS, ids=str)
def test_a_pipe_gets_a_header_and_a_line_a_row(case: Case, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(case, home)
    header, *rows = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert {len(row) for row in rows} == {len(header)}
    assert all(name.isidentifier() for name in header)
    assert not set("│─┃━\x1b").intersection(*map("".join, [header, *rows]))
    cells = {value for row in rows for cell in row for value in (cell, *cell.split(","))}
    assert cells.issuperset(case.shown)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_json_is_json_and_says_the_same(case: Case, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(case, home, "--json")
    printed = capsys.readouterr().out
    found = json.loads(printed)
    assert all(identifier in printed for identifier in case.shown)
    if isinstance(found, list):
        assert len({tuple(row) for row in found}) == 1, "all rows have the same keys"
        run(case, home)
        header = capsys.readouterr().out.splitlines()[0].split("\t")
        assert set(header) <= set(found[0]) or not case.is_list


def test_ids_of_64_bits_are_numbers_and_text(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (case,) = [case for case in CASES if case.words == ("quarantine", "list")]
    run(case, home, "--json")
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["alert_id"], row["alert_id_text"]) == (planted.ALERT_ID, str(planted.ALERT_ID))
    assert row["reason"] == planted.REASON


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command there is, with its words."""
    for name in cli.COMMANDS:
        yield from _below((name,), typer.main.get_command(cli.build_app([name])).commands[name])  # type: ignore[attr-defined]


def _below(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = {}
    with suppress(AttributeError):
        inner = command.commands
    for name, one in inner.items():
        yield from _below((*words, name), one)
    if not inner:
        yield words, command


def test_each_list_and_show_has_json_with_its_keys_in_the_help_and_is_tested_here() -> None:
    found = {words: command for words, command in commands() if words[-1] in LISTING}
    assert set(found) == {case.words[: 1 if case.words == ("status",) else 2] for case in CASES}
    for words, command in found.items():
        options = {name: one for one in command.params for name in one.opts}
        assert "--json" in options, f"fink {' '.join(words)} has no --json"
        assert options["--json"].is_flag
        assert options["--json"].help.startswith("Print JSON: ")


def test_tables_are_drawn_in_one_place() -> None:
    folder = PROJECT_DIR / "fink_lib" / "cli"
    assert [path.name for path in sorted(folder.glob("*.py")) if "rich.table" in path.read_text()] == ["terminal.py"]
