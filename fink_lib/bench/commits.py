"""Measure commits to a local Delta log: who is told that one is theirs when several processes ask, and what one costs.

The contenders are processes that write the entries of a log with a log store of Delta, and delta-rs in this one.
"""

import json
import re
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host.compile import compile_jar
from fink_lib.host.java import find_java
from fink_lib.host.log_store import class_path, ensure_log_store
from fink_lib.lake.delta import renew
from fink_lib.lake.spark import object_store
from fink_lib.lake.spark.log_store import CLASS

SOURCE = Path(__file__).parent / "java" / "CommitRace.java"
PROGRAM = "fink.bench.CommitRace"
DEFAULT_STORE = "io.delta.storage.HDFSLogStore"  # what Delta takes for a scheme that it has no other for: "file"
LOCAL_STORE = "io.delta.storage.LocalLogStore"  # what it once took for local tables
OURS = frozenset({CLASS, object_store.CLASS})
DELTA_RS = "delta-rs"
STEP_MS = 8  # from one round to the next: longer than a commit takes on a quiet machine
JITTER_MS = 4  # delta-rs looks at the table before it commits: the other one must not always be first
START_S = 0.2
COST_ENTRIES = 500
WRITER = re.compile(rb'"path":"([a-z-]+?)-\d+\.parquet"')
Say = Callable[[str], None]


@dataclass(frozen=True)
class Race:
    """What came of a race.

    Attributes
    ----------
    store
        Class that the JVMs committed with.
    rounds
        Entries that all writers asked for.
    told
        By writer: entries that it was told are its own.
    both
        Entries that more than one writer was told are its own.
    lost
        Entries that a writer was told are its own, and that hold what another one wrote, or nothing.
    """

    store: str
    rounds: int
    told: Mapping[str, int]
    both: int
    lost: int


@dataclass(frozen=True)
class CommitReport:
    """Everything that was measured.

    Attributes
    ----------
    races
        The races; the last one with delta-rs beside our store.
    median_us
        By store: microseconds of one entry, while nobody else writes; the stores took turns.
    ratio
        Ours over Delta's default.
    """

    races: Sequence[Race]
    median_us: Mapping[str, float]
    ratio: float

    @property
    def lost(self) -> int:
        """Commits that our store lost, or that two writers were told are theirs."""
        return sum(race.lost + race.both for race in self.races if race.store in OURS)

    def as_json(self) -> str:
        """Return everything as a JSON object."""
        return json.dumps({"what": "commits", **asdict(self)}, indent=1)


class Contest:
    """The compiled program, and what is done with it in a local folder; use as a context.

    Parameters
    ----------
    settings
        Where the jars are.
    """

    step_ms = STEP_MS
    jitter_ms = JITTER_MS

    def __init__(self, settings: Settings, say: Say = print) -> None:
        self._settings, self._say = settings, say
        self._scratch = ExitStack()

    def __enter__(self) -> Self:
        self.folder = Path(self._scratch.enter_context(tempfile.TemporaryDirectory(prefix="fink-commits-")))
        jars = self._jars()
        program = self.folder / "race.jar"
        compile_jar(SOURCE, jars, program, self._settings.cache, self._say)
        self._java = [str(find_java().path), "-Xmx128m", "-XX:TieredStopAtLevel=1"]
        self._java += ["-cp", ":".join(map(str, (program, *jars))), PROGRAM]
        return self

    def __exit__(self, *_: object) -> None:
        self._scratch.close()

    def race(self, store: str, rounds: int) -> Race:
        """Let two JVMs ask for the same entries at the same milliseconds.

        Parameters
        ----------
        store
            Class of the log store.
        rounds
            How many entries they ask for, one every `step_ms`.

        Raises
        ------
        HostError
            When one of them fails.
        """
        log = self._new_table()
        with self._jvm(store, log, "a", rounds) as one, self._jvm(store, log, "b", rounds) as other:
            start_ms = _soon_ms()
            told = {"a": _started(one, start_ms), "b": _started(other, start_ms)}
            return self._judge(store, rounds, log, {name: ask() for name, ask in told.items()})

    def race_delta_rs(self, store: str, rounds: int) -> Race:
        """Let a JVM and delta-rs ask for the same entries of a table at the same milliseconds.

        Parameters
        ----------
        store
            Class of the log store of the JVM.
        rounds
            How many entries they ask for, one every `step_ms`.

        Raises
        ------
        HostError
            When the JVM fails.
        """
        table, options = self._new_table(), self._options()
        write_deltalake(table, pa.table({"id": pa.array([0])}), storage_options=options)
        log = f"{table}/_delta_log"
        with self._jvm(store, log, "a", rounds, self.jitter_ms) as jvm:
            start_ms = _soon_ms()
            ask = _started(jvm, start_ms)
            opened = DeltaTable(table, storage_options=options)
            ours = _commit_by_delta_rs(opened, rounds, start_ms, self.step_ms)
            return self._judge(store, rounds, log, {"a": ask(), DELTA_RS: ours})

    def cost_us(self, stores: Sequence[str], rounds: int) -> dict[str, float]:
        """Return the median microseconds of an entry by store; the stores take turns.

        Parameters
        ----------
        stores
            Classes of log stores.
        rounds
            How many entries each writes, while nobody else does.

        Raises
        ------
        HostError
            When the JVM fails.
        """
        log = tempfile.mkdtemp(dir=self.folder)
        lines = self._run("cost", log, str(rounds), *stores).stdout.splitlines()
        return {store: statistics.median(map(float, line.split())) for store, line in zip(stores, lines, strict=True)}

    def die(self, store: str, log: Path) -> None:
        """Let a JVM die when it has written half of entry 1.

        Parameters
        ----------
        store
            Class of the log store.
        log
            Folder of the entries.
        """
        subprocess.run([*self._java, "die", store, str(log)], capture_output=True, timeout=60, check=False)

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run([*self._java, *words], capture_output=True, text=True, timeout=1800, check=False)
        if done.returncode != 0:
            raise HostError(f"measuring commits failed: {done.stderr.strip()}")
        return done

    def _jars(self) -> list[Path]:
        """Return the class path; what is missing of it is compiled."""
        return [ensure_log_store(self._settings, self._say), *class_path(self._settings)]

    def _options(self) -> dict[str, str] | None:
        """Return what delta-rs is told of the place."""
        return None

    def _new_table(self) -> str:
        """Return where nothing is yet."""
        return tempfile.mkdtemp(dir=self.folder)

    def _judge(self, store: str, rounds: int, log: str, told: Mapping[str, set[int]]) -> Race:
        return judge(store, rounds, Path(log), told)

    @contextmanager
    def _jvm(
        self, store: str, log: str, name: str, rounds: int, jitter_ms: int = 0
    ) -> "Iterator[subprocess.Popen[str]]":
        words = ("race", store, log, name, str(rounds), str(self.step_ms), str(jitter_ms))
        pipe = subprocess.PIPE
        with subprocess.Popen([*self._java, *words], stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
            try:
                if process.stdout is None or process.stdout.readline() != "ready\n":
                    raise HostError(f"a JVM that was to commit did not start: {process.communicate()[1].strip()}")
                yield process
            finally:
                process.kill()


def _soon_ms() -> int:
    return int((time.time() + START_S) * 1000)


def _started(jvm: "subprocess.Popen[str]", start_ms: int) -> Callable[[], set[int]]:
    """Start a JVM; return what waits for the entries that it was told are its own."""
    if jvm.stdin is not None:
        jvm.stdin.write(f"{start_ms}\n")
        jvm.stdin.flush()

    def told() -> set[int]:
        out, problem = jvm.communicate()
        if jvm.returncode != 0:
            raise HostError(f"a JVM that committed failed: {problem.strip()}")
        return {int(number) for number in out.split()}

    return told


def _commit_by_delta_rs(table: DeltaTable, rounds: int, start_ms: int, step_ms: int) -> set[int]:
    """Ask for each entry in its turn, unless it is there already; return those that were said to be ours."""
    told = set[int]()
    for entry in range(1, rounds + 1):
        renew(table)
        while time.time() * 1000 < start_ms + entry * step_ms:
            pass
        if table.version() == entry - 1 and _commit(table, f"{DELTA_RS}-{entry}.parquet"):
            told.add(entry)
    return told


def _commit(table: DeltaTable, path: str) -> bool:
    """Ask for the next entry of a log with one file, once; tell whether it is ours."""
    action = AddAction(path, 1, {}, 0, data_change=True, stats="{}")
    try:
        table.create_write_transaction(
            [action], "append", table.schema(), commit_properties=CommitProperties(max_commit_retries=0)
        )
    except CommitFailedError:
        return False
    return True


def judge(store: str, rounds: int, log: Path, told: Mapping[str, set[int]]) -> Race:
    """Compare what writers were told with what the log holds.

    Parameters
    ----------
    store, rounds
        Of the race.
    log
        Folder of the entries.
    told
        By writer: the entries that it was told are its own.
    """
    holds = {entry: _writer(log / f"{entry:020}.json") for entry in range(1, rounds + 1)}
    return compared(store, rounds, told, holds)


def compared(store: str, rounds: int, told: Mapping[str, set[int]], holds: Mapping[int, str]) -> Race:
    """Count what went wrong in a race.

    Parameters
    ----------
    store, rounds
        Of the race.
    told
        By writer: the entries that it was told are its own.
    holds
        By entry: the writer whose words it holds; empty when it is not there.
    """
    times = Counter(entry for entries in told.values() for entry in entries)
    return Race(
        store=store,
        rounds=rounds,
        told={name: len(entries) for name, entries in told.items()},
        both=sum(count > 1 for count in times.values()),
        lost=sum(holds[entry] != name for name, entries in told.items() for entry in entries),
    )


def _writer(entry: Path) -> str:
    """Return who wrote an entry; empty when it is not there, or holds nothing of a writer."""
    return writer_of(entry.read_bytes()) if entry.exists() else ""


def writer_of(entry: bytes) -> str:
    """Return whose words an entry of a log holds; empty when those of nobody here."""
    found = WRITER.search(entry)
    return found.group(1).decode() if found else ""


def run_commits(settings: Settings, rounds: int, say: Say) -> CommitReport:
    """Race with Delta's stores and with ours, alone and beside delta-rs, and compare what an entry costs.

    Parameters
    ----------
    settings
        Tell where the jars are.
    rounds
        Entries of each race.
    say
        Receives a line for each race.

    Raises
    ------
    HostError
        When a JVM fails, or a jar is not there.
    """
    with Contest(settings, say) as contest:
        races = []
        for store in (DEFAULT_STORE, LOCAL_STORE, CLASS):
            races.append(contest.race(store, rounds))
            say(sentence(races[-1]))
        races.append(contest.race_delta_rs(CLASS, rounds))
        say(sentence(races[-1]))
        cost = contest.cost_us((DEFAULT_STORE, CLASS), COST_ENTRIES)
    return CommitReport(races, cost, round(cost[CLASS] / cost[DEFAULT_STORE], 2))


def sentence(race: Race) -> str:
    """Tell of a race in a line."""
    told = ", ".join(f"{name} {count}" for name, count in race.told.items())
    return f"{race.store}: {race.rounds} rounds, told: {told}; both told {race.both}, lost {race.lost}"
