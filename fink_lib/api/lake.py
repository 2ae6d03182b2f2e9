"""The lake as the API sees it: the newest versions, looked at again after a second; or one version of the past."""

import datetime as dt
import hashlib
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake.exceptions import DeltaError

from fink_lib.accounts.asking import asking
from fink_lib.api.engine import Engine
from fink_lib.api.live import Live
from fink_lib.api.names import Names
from fink_lib.api.sql import literal, parquet
from fink_lib.config import Settings
from fink_lib.errors import LakeError
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.followed import Followed
from fink_lib.lake.tables import gold_alert_ids, gold_latest, silver_alerts
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.served.access import Access, access_of
from fink_lib.served.columns import RUN_NAME, sources_spec
from fink_lib.served.opened import File, Opened
from fink_lib.served.runs import around
from fink_lib.storage import on_disk
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec

LOOK_AGAIN_S = 1.0


@dataclass(frozen=True)
class Snapshot:
    """The tables of a survey at one moment: every part of an answer is of the same versions.

    Attributes
    ----------
    survey, names
        Whose, and what its columns are called.
    engine
        What answers.
    sources, alert_ids, latest
        The tables made for reading; None where no night was closed yet.
    silver, bronze
        The tables of nights; None where nothing has arrived.
    live
        Table of the engine with the rows of open nights; empty for a version of the past.
    live_nights
        Nights that are read from there.
    signature
        Changes whenever a public row may have: part of every ETag.
    shape
        A file without rows and with all columns of silver.
    access
        Which rows and points whoever asks may see.
    """

    survey: Survey
    names: Names
    engine: Engine
    sources: Opened | None
    alert_ids: Opened | None
    latest: Opened | None
    silver: Opened | None
    bronze: Opened | None
    live: str
    live_nights: frozenset[dt.date]
    signature: str
    shape: Path | None
    access: Access

    @property
    def version(self) -> int | None:
        """Version of `sources`."""
        return None if self.sources is None else self.sources.version


class SurveyLake:
    """The tables of one survey, followed as they grow.

    Parameters
    ----------
    settings, survey, engine
        Which lake, whose tables, and what answers.
    """

    def __init__(self, settings: Settings, survey: Survey, engine: Engine) -> None:
        self._settings, self._survey, self._engine = settings, survey, engine
        self._followed: dict[str, Followed] = {}
        self._opened: dict[str, Opened] = {}
        self._lock = threading.Lock()
        self._looked, self._now = 0.0, self._empty()
        self._live: Live | None = None
        self._whole = -1, False
        self._idle: tuple[object, frozenset[dt.date]] = None, frozenset()
        self._restricted: dict[str, Live] = {}
        self._seen: dict[tuple[str, ...], tuple[Snapshot, Snapshot]] = {}

    def now(self) -> Snapshot:
        """Return the newest versions, no older than a second, as whoever asks may see them."""
        if time.monotonic() - self._looked >= LOOK_AGAIN_S:
            with self._lock:
                if time.monotonic() - self._looked >= LOOK_AGAIN_S:
                    self._now = self._look()
                    self._looked = time.monotonic()
        now, access = self._now, self._access()
        return now if access.is_public or now.silver is None else self._seen_by(access, now)

    def _access(self) -> Access:
        """Return what whoever asks may see, and note that he makes use of it."""
        found = access_of(self._survey, asking().claims)
        asking().used.update(found.rights)
        return found

    def _seen_by(self, access: Access, public: Snapshot) -> Snapshot:
        """Return a moment with the rows that some rights open beside the public ones.

        They are kept in the engine, which spills them to disk, from the first time that somebody asks with such a
        right; the tables made for reading have none of them.
        """
        with self._lock:
            known = self._seen.get(access.rights)
            if known is None or known[0] is not public:
                known = self._seen[access.rights] = public, self._opened_by(access, public)
            return known[1]

    def _opened_by(self, access: Access, public: Snapshot) -> Snapshot:
        survey, silver = self._survey, public.silver
        if silver is None or self._live is None:
            return public
        parts = [f"SELECT * FROM {public.live}"] if public.live else []  # noqa: S608  # our own names
        told = [public.signature]
        for one in access.programmes:
            held = self._restricted.get(one.name)
            if held is None or not held.schema.equals(self._live.schema):
                held = self._restricted[one.name] = Live(self._engine, survey, self._live.schema, one.name, one.holds)
            files: dict[dt.date, list[File]] = {}
            for file in silver.files:
                files.setdefault(file.partition["night"], []).append(file)
            held.follow(silver.table, files)
            parts.append(f"SELECT * FROM {held.table}")  # noqa: S608
            told.append(f"{one.name}.{_mixed(held.told())}")
        view = f"seen_{survey.name}_{'_'.join(one.name for one in access.programmes)}"
        with self._engine.cursor() as cursor:
            cursor.execute(f"CREATE OR REPLACE VIEW {view} AS {' UNION ALL BY NAME '.join(parts)}")
        return replace(public, live=view, signature="-".join(told), access=access)

    def past(self, version: int | dt.datetime) -> Snapshot:
        """Return the closed nights as a version of `sources`, or the one of a time, has them.

        Raises
        ------
        LakeError
            When there is no such version.
        """
        now = self.now()
        if now.sources is None:
            raise LakeError(f"no night of {self._survey.name} was closed yet: there is no version to go back to")
        path = sources_spec(self._survey, pa.schema([])).path(self._settings.lake)
        try:
            table = delta_table(path)
            table.load_as_version(version)
        except DeltaError as error:
            raise LakeError(f"there is no version {version} of sources; the newest is {now.sources.version}") from error
        sources = Opened(table)
        kept = now.names, now.engine, sources, None, None, now.silver, now.bronze
        return Snapshot(self._survey, *kept, "", frozenset(), f"v{sources.version}", now.shape, now.access)

    def _empty(self) -> Snapshot:
        names = Names.of(self._survey, pa.schema([]))
        tables = None, None, None, None, None
        return Snapshot(self._survey, names, self._engine, *tables, "", frozenset(), "none", None, Access(self._survey))

    def _open(self, spec: TableSpec) -> Opened | None:
        """Return a table in its newest version, None where there is none; what did not change is not read anew."""
        path = spec.path(self._settings.lake)
        if not is_delta_table(path):
            return None
        table = self._followed.setdefault(spec.name + spec.layer, Followed(path)).newest()
        known = self._opened.get(spec.full_name)
        if known is None or known.version != table.version():
            known = self._opened[spec.full_name] = Opened(delta_table(path, version=table.version()))
            _ = known.files
        return known

    def _look(self) -> Snapshot:
        survey, empty = self._survey, pa.schema([])
        sources = self._open(sources_spec(survey, empty))
        silver = self._open(silver_alerts(survey.name, empty))
        if silver is None:
            return self._empty()
        live = self._live_of(silver, sources)
        told = live.told()
        idle = self._idle_nights(sources, told)
        nights = live.nights - idle
        return Snapshot(
            survey,
            self._names(silver),
            self._engine,
            sources,
            self._open(gold_alert_ids(survey.name)),
            self._open(gold_latest(survey.name)),
            silver,
            self._open(bronze_spec(survey)),
            self._shown(live, idle) if nights or not self._is_whole(sources, live.schema) else "",
            nights,
            f"{-1 if sources is None else sources.version}.{_mixed({night: told.get(night, '0') for night in nights})}",
            self._shape(silver.schema),
            Access(survey),
        )

    def _idle_nights(self, sources: Opened | None, told: dict[dt.date, str]) -> frozenset[dt.date]:
        """Return the nights of which `sources` has every public row: what arrived since is for few, or for nobody.

        That rows have arrived which are not public must not be told from what is answered, nor from its ETag.
        """
        live = self._live
        if sources is None or live is None:
            return frozenset()
        closed = sorted(night for night in live.nights if sources.covered(night) is not None)
        state = sources.version, tuple((night, told.get(night)) for night in closed)
        if self._idle[0] != state:
            there = dict.fromkeys(closed, "") | _told_of(self._engine, sources, closed)
            self._idle = state, frozenset(night for night in closed if there[night] == told.get(night, ""))
        return self._idle[1]

    def _shown(self, live: Live, idle: frozenset[dt.date]) -> str:
        """Return the table or view with the rows of nights that are not idle."""
        if not idle:
            return live.table
        view, nights = f"open_{self._survey.name}", ", ".join(literal(night) for night in sorted(idle))
        with self._engine.cursor() as cursor:
            cursor.execute(f"CREATE OR REPLACE VIEW {view} AS SELECT * FROM {live.table} WHERE night NOT IN ({nights})")  # noqa: S608
        return view

    def _names(self, silver: Opened) -> Names:
        known = self._now.names
        return known if known.silver.equals(silver.schema) else Names.of(self._survey, silver.schema)

    def _is_whole(self, sources: Opened | None, schema: pa.Schema) -> bool:
        """Tell whether files of `sources` have all its columns; where they do not, the engine's table brings them."""
        if sources is None:
            return False
        if self._whole[0] != sources.version:
            names = {name for one in sources.kinds for name in one.names}
            self._whole = sources.version, names >= set(schema.names)
        return self._whole[1]

    def _live_of(self, silver: Opened, sources: Opened | None) -> Live:
        """Hold the nights of which silver has another number of rows than `sources` has looked at."""
        spec = sources_spec(self._survey, silver.schema)
        schema = pa.schema([one for one in spec.plain_schema if one.name != RUN_NAME])
        if self._live is None or not self._live.schema.equals(schema):
            self._live = Live(self._engine, self._survey, schema)
        open_nights = {
            night for night, rows in silver.rows_by_night.items() if sources is None or sources.covered(night) != rows
        }
        wanted = {night: [file for file in silver.files if file.partition["night"] == night] for night in open_nights}
        self._live.follow(silver.table, wanted)
        return self._live

    def _shape(self, schema: pa.Schema) -> Path:
        """Return a file without rows that has all columns of silver: readers of old files then see new fields."""
        named = hashlib.sha256(str(schema).encode()).hexdigest()[:16]
        path = self._settings.home / "api" / f"{self._survey.name}-{named}.parquet"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_suffix(f".{threading.get_ident()}")
            pq.write_table(schema.empty_table(), scratch)
            scratch.replace(path)
        return path


def _mixed(told: dict[dt.date, str]) -> str:
    """Return what names the rows of some nights."""
    listed = ",".join(f"{night}:{one}" for night, one in sorted(told.items()) if one != "0")
    return hashlib.sha256(listed.encode()).hexdigest()[:16] if listed else "0"


def _told_of(engine: Engine, sources: Opened, nights: Collection[dt.date]) -> dict[dt.date, str]:
    """Return what names the rows of some nights in `sources`, as `Live.told` does."""
    runs = {run.name for night in nights for run in around(sources.rows_by_run, night)}
    files = [file.path for file in sources.files if file.partition[RUN_NAME] in runs]
    if not files:
        return {}
    listed = ", ".join(literal(night) for night in nights)
    query = f"""SELECT night, count(*) AS rows, bit_xor(hash(alert_id)) AS mixed FROM {parquet(files)}
                WHERE night IN ({listed}) GROUP BY night"""  # noqa: S608  # ours
    return {row["night"]: f"{row['rows']:x}-{row['mixed']:x}" for row in engine.table(query).to_pylist()}


class Lake:
    """The surveys of a home.

    Parameters
    ----------
    settings
        Which home.
    surveys
        Those that are served, in order: the first is asked where a request names none.
    """

    def __init__(self, settings: Settings, surveys: Collection[Survey]) -> None:
        on_disk(settings.lake, "the API")
        self.settings = settings
        self.engine = Engine(settings.home / "api" / "spill")
        self.surveys = {survey.name: SurveyLake(settings, survey, self.engine) for survey in surveys}

    def close(self) -> None:
        """Let go of everything."""
        self.engine.close()
