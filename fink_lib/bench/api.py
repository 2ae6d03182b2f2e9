"""What a question to the API costs, in process and over HTTP, beside reading the same files with DuckDB alone."""

import json
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import httpx
import numpy as np

from fink_lib.api.lake import Lake, Snapshot
from fink_lib.api.queries import latest, objects
from fink_lib.api.queries.alerts import alerts
from fink_lib.api.queries.cone import Cone, cone
from fink_lib.api.queries.cutouts import cutouts
from fink_lib.api.sql import parquet
from fink_lib.bench.api_lake import CLASSES, MadeLake, made_or_kept
from fink_lib.bench.api_pages import page_times
from fink_lib.config import Settings
from fink_lib.host.api import LocalApi
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.surveys import Survey

Say = Callable[[str], None]
Ask = Callable[[int], Any]
CLIENTS = 8
QUESTIONS, WARM = 96, 5
CURVE = ("i:jd", "i:magpsf", "i:fid")
SMALL_ARCSEC, LARGE_ARCSEC = 5.0, 1800.0
PUBLISHED_MS = "100-300"


@dataclass(frozen=True)
class ApiReport:
    """What was measured.

    Attributes
    ----------
    alerts, objects, runs, mb
        Of the lake that was made: rows, objects, runs of `sources`, size of its files.
    in_process, over_http, duckdb
        Question → ``p50`` and ``p95`` in ms; over HTTP by `CLIENTS` clients at once, of the time that each waits. In
        this process also ``cpu``: the median of processor ms, which a busy machine changes less.
    requests_per_s
        Light curves that all clients together got.
    pages
        Page of the portal → ``p50`` and ``p95`` in ms, asked by one person.
    published_by_fink_ms
        What Fink's documentation says of a light curve; machines and sizes differ.
    """

    alerts: int
    objects: int
    runs: int
    mb: float
    in_process: dict[str, dict[str, float]]
    over_http: dict[str, dict[str, float]]
    duckdb: dict[str, dict[str, float]]
    requests_per_s: float
    pages: dict[str, dict[str, float]]
    published_by_fink_ms: str = PUBLISHED_MS

    def as_json(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=1)


def run_api(survey: Survey, count: int, seed: int, say: Say, keep: Path | None = None) -> ApiReport:
    """Make a lake and ask it.

    Parameters
    ----------
    survey
        Whose alerts the lake holds.
    count
        How many alerts.
    seed
        Of the lake and of the questions.
    say
        Receives a line for each step.
    keep
        Home that the lake stays in, to be asked again; without one nothing of it stays.
    """
    with tempfile.TemporaryDirectory(prefix="bench-api-") as folder:
        settings = Settings(api_port=0, surveys=survey.name).at_home(keep or Path(folder) / "home")
        since = time.monotonic()
        made = made_or_kept(settings, survey, count, seed, say)
        say(f"made {count} alerts of {len(made.ra_deg)} objects in {time.monotonic() - since:.0f} s")
        lake = Lake(settings, [survey])
        try:
            snapshot = lake.surveys[survey.name].now()
            say("asking in process")
            inside = _measured(_in_process(snapshot, made, settings), len(made.ra_deg), seed)
            say("asking DuckDB alone")
            alone = _measured(_alone(snapshot, made), len(made.ra_deg), seed)
        finally:
            lake.close()
        say(f"asking over HTTP, {CLIENTS} clients")
        outside, rate, pages = _over_http(settings, survey, made, seed)
        table = snapshot.sources
        files = [] if table is None else [file.path.stat().st_size for file in table.files]
        runs = 0 if table is None else len(table.rows_by_run)
        return ApiReport(count, len(made.ra_deg), runs, round(sum(files) / 1e6, 1), inside, outside, alone, rate,
                         pages)  # fmt: skip


def _in_process(snapshot: Snapshot, made: MadeLake, settings: Settings) -> Mapping[str, Ask]:
    writers = WriterSchemas(settings.lake)

    def curve(columns: tuple[str, ...]) -> Ask:
        return lambda number: alerts(snapshot, objects.light_curves([made.name(number)], (), columns))

    def around(radius_arcsec: float) -> Ask:
        def ask(number: int) -> Any:
            place = Cone(float(made.ra_deg[number]), float(made.dec_deg[number]), radius_arcsec / 3600)
            return alerts(snapshot, cone(place, (), CURVE, None))

        return ask

    def of_class(name: str) -> Ask:
        wanted = latest.of_class(name, (), CURVE, 100)
        return lambda _: alerts(snapshot, latest.narrowed(snapshot, wanted, name, bounded=False))

    return {
        "light curve by id, 3 columns": curve(CURVE),
        "light curve by id, all columns of sources": curve(()),
        "cone of 5 arcsec": around(SMALL_ARCSEC),
        "cone of 30 arcmin": around(LARGE_ARCSEC),
        "newest 100 of a common class": of_class(CLASSES[0]),
        "newest 100 of a rare class": of_class(CLASSES[-1]),
        "cutouts of an alert": lambda number: cutouts(snapshot, writers, made.stamped[number % len(made.stamped)]),
    }


def _alone(snapshot: Snapshot, made: MadeLake) -> Mapping[str, Ask]:
    """Return the same questions as somebody would write them who knows the files and nothing else of the lake."""
    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET parquet_metadata_cache = true")
    files = parquet([file.path for file in snapshot.sources.files] if snapshot.sources else [])

    def by_id(listed: str) -> Ask:
        def ask(number: int) -> Any:
            where = f"object_id = '{made.name(number)}'"
            return connection.sql(f"SELECT {listed} FROM {files} WHERE {where} ORDER BY time DESC").to_arrow_table()  # noqa: S608

        return ask

    def box(radius_arcsec: float) -> Ask:
        def ask(number: int) -> Any:
            half, ra, dec = radius_arcsec / 3600, float(made.ra_deg[number]), float(made.dec_deg[number])
            wide = half / max(0.01, float(np.cos(np.radians(dec))))
            where = f"ra BETWEEN {ra - wide} AND {ra + wide} AND dec BETWEEN {dec - half} AND {dec + half}"
            return connection.sql(f"SELECT time, magpsf, fid FROM {files} WHERE {where}").to_arrow_table()  # noqa: S608

        return ask

    return {
        "light curve by id, 3 columns": by_id("time, magpsf, fid"),
        "light curve by id, all columns of sources": by_id("*"),
        "cone of 5 arcsec": box(SMALL_ARCSEC),
        "cone of 30 arcmin": box(LARGE_ARCSEC),
    }


def _measured(questions: Mapping[str, Ask], count: int, seed: int) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed + 1)
    found = {}
    for name, ask in questions.items():
        numbers = rng.integers(0, count, WARM + QUESTIONS).tolist()
        for number in numbers[:WARM]:
            ask(number)
        times, spent = zip(*(_ms(ask, number) for number in numbers[WARM:]), strict=True)
        found[name] = {**_quantiles(list(times)), "cpu": round(float(np.median(spent)), 2)}
    return found


def _ms(ask: Ask, number: int) -> tuple[float, float]:
    since, spent = time.perf_counter(), time.process_time()
    ask(number)
    return (time.perf_counter() - since) * 1000, (time.process_time() - spent) * 1000


def _quantiles(times_ms: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(times_ms, [50, 95])
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}


def _over_http(
    settings: Settings, survey: Survey, made: MadeLake, seed: int
) -> tuple[dict[str, dict[str, float]], float, dict[str, dict[str, float]]]:
    api = LocalApi(settings)
    where = api.start()
    url = f"{where}/api/v1"
    columns = ",".join(CURVE)

    def place(number: int, radius_arcsec: float) -> dict[str, Any]:
        at = {"ra": float(made.ra_deg[number]), "dec": float(made.dec_deg[number])}
        return {**at, "radius": radius_arcsec, "columns": columns}

    asked: dict[str, Callable[[int], tuple[str, dict[str, Any]]]] = {
        "light curve by id, 3 columns": lambda n: ("sources", {"object": made.name(n), "columns": columns}),
        "cone of 5 arcsec": lambda n: ("conesearch", place(n, SMALL_ARCSEC)),
        "cone of 30 arcmin": lambda n: ("conesearch", place(n, LARGE_ARCSEC)),
        "cutout as PNG": lambda n: ("cutouts", {"alert": made.stamped[n % len(made.stamped)], "kind": "Science"}),
    }
    found, rate = {}, 0.0
    try:
        for name, make in asked.items():
            since = time.monotonic()
            ask = partial(_client, url, make, len(made.ra_deg))
            with ThreadPoolExecutor(CLIENTS) as pool:
                times = list(pool.map(ask, range(seed, seed + CLIENTS)))
            found[name] = _quantiles([one for mine in times for one in mine])
            rate = rate or QUESTIONS / (time.monotonic() - since)
        pages = {name: _quantiles(times) for name, times in page_times(where, survey, made, seed)}
    finally:
        api.stop()
    return found, round(rate, 1), pages


def _client(url: str, make: Callable[[int], tuple[str, dict[str, Any]]], count: int, seed: int) -> list[float]:
    numbers = np.random.default_rng(seed).integers(0, count, QUESTIONS // CLIENTS).tolist()
    times = []
    with httpx.Client(timeout=60.0) as http:
        for number in numbers:
            route, parameters = make(number)
            since = time.perf_counter()
            http.get(f"{url}/{route}", params=parameters).raise_for_status()
            times.append((time.perf_counter() - since) * 1000)
    return times
