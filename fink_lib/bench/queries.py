"""How long people's queries take on a lake of many small files, before and after it is compacted.

The rows are derived from real alerts: object names and right ascensions are new, everything else is as it came.
"""

import io
import json
import math
import statistics
import string
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyspark.sql.functions as F
from deltalake import write_deltalake
from pyspark.sql import DataFrame, SparkSession

from fink_lib.errors import ConfigError
from fink_lib.lake.file_form import writer_properties
from fink_lib.lake.health import health
from fink_lib.lake.spark.table import read_table
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.versions import Table
from fink_lib.nightly.compact import partition_files, rows_in_group
from fink_lib.nightly.sky_order import compact_night
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.tables import night_specs

FIRST_NIGHT = date(2024, 1, 1)
CONE_DEG = 1.0
WANTED_SPEEDUP = 5.0  # what compaction must be worth, for each kind of query
QUERIES = 5  # of each kind; the median counts
Say = Callable[[str], None]


@dataclass(frozen=True)
class QueryReport:
    """What was measured.

    Attributes
    ----------
    rows, derived_from, nights
        The lake: rows, real alerts that they were derived from, nights.
    files, seconds
        By ``before`` and ``after``: files, and median seconds of a query by its kind.
    found
        Rows that the queries returned, by kind; the same before and after.
    speedup
        By kind: seconds before over seconds after.
    compact_s
        Seconds that compaction took, all nights together.
    """

    rows: int
    derived_from: int
    nights: int
    files: dict[str, int]
    seconds: dict[str, dict[str, float]]
    found: dict[str, int]
    speedup: dict[str, float]
    compact_s: float

    @property
    def too_slow(self) -> dict[str, float]:
        """The kinds of queries that compaction made less than `WANTED_SPEEDUP` times faster."""
        return {kind: times for kind, times in self.speedup.items() if times < WANTED_SPEEDUP}

    def as_json(self) -> str:
        """Return the figures as JSON."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)


def decode(messages: Iterable[bytes], survey: Survey) -> list[dict[str, Any]]:
    """Decode packets, without their cutouts.

    Parameters
    ----------
    messages
        Whole messages, framed.
    survey
        Whose they are.

    Raises
    ------
    ConfigError
        When there is none.
    """
    found = []
    for message in messages:
        datum = survey.framing.unwrap(message)
        record: Any = fastavro.schemaless_reader(io.BytesIO(datum.body), datum.schema, None)
        found.append({name: value for name, value in record.items() if name not in survey.cutout_roots})
    if not found:
        raise ConfigError("no packet to derive rows from: give an archive of real packets")
    return found


def write_small_files(
    spec: TableSpec,
    lake: LakePath,
    records: Sequence[dict[str, Any]],
    survey: Survey,
    *,
    nights: int,
    files: int,
    rows: int,
) -> None:
    """Write a lake as a stream leaves it: each append adds one file of so many rows to each night.

    Parameters
    ----------
    spec
        The table that is written.
    lake
        Root folder of the tables.
    records
        Real alerts, taken in turn.
    survey
        Whose they are.
    nights, files, rows
        How many nights, files a night, and rows a file.
    """
    rng = np.random.default_rng(0)
    schema = spec.plain_schema
    dates = [FIRST_NIGHT + timedelta(days=number) for number in range(nights)]
    for append in range(files):
        made = []
        for night, day in enumerate(dates):
            first = (night * files + append) * rows
            made += [_row(records[(first + at) % len(records)], first + at, day, rng, survey) for at in range(rows)]
        table = pa.Table.from_pylist(made, schema=schema)
        write_deltalake(str(spec.path(lake)), table, mode="append", partition_by=list(spec.partitioned_by))


def _row(record: dict[str, Any], number: int, night: date, rng: np.random.Generator, survey: Survey) -> dict[str, Any]:
    letters, rest = [], number // 3  # three alerts an object
    for _ in range(7):
        letters.append(string.ascii_lowercase[rest % 26])
        rest //= 26
    fields = survey.fields
    return {
        **record,
        "night": night,
        "alert_id": number,
        "object_id": "ZTF24" + "".join(letters),
        "time": value_at(record, fields.time),
        "ra": float(rng.uniform(0, 360)),
        "dec": float(np.degrees(np.arcsin(rng.uniform(-0.5, 1.0)))),
        "band": survey.bands.get(str(value_at(record, fields.band))),
    }


def in_cone(frame: DataFrame, ra_deg: float, dec_deg: float, radius_deg: float) -> DataFrame:
    """Return the alerts within a radius: a box that files can be skipped by, then the exact separation.

    The box is wide enough at its own declination; a cone over RA 0 or a pole keeps every right ascension.

    Parameters
    ----------
    frame
        Rows with ``ra`` and ``dec``, in degrees.
    ra_deg, dec_deg
        The centre.
    radius_deg
        The radius; the edge belongs to the cone.
    """
    box = F.col("dec").between(dec_deg - radius_deg, dec_deg + radius_deg)
    highest = abs(dec_deg) + radius_deg
    if highest < 90:  # noqa: PLR2004 - the pole
        wide = math.degrees(math.asin(math.sin(math.radians(radius_deg)) / math.cos(math.radians(dec_deg))))
        if ra_deg - wide >= 0 and ra_deg + wide <= 360:  # noqa: PLR2004 - a full turn
            box &= F.col("ra").between(ra_deg - wide, ra_deg + wide)
    half_dec, half_ra = F.radians(F.col("dec") - dec_deg) / 2, F.radians(F.col("ra") - ra_deg) / 2
    across = F.cos(F.radians("dec")) * math.cos(math.radians(dec_deg)) * F.sin(half_ra) ** 2
    haversine = F.sin(half_dec) ** 2 + across
    return frame.where(box & (haversine <= math.sin(math.radians(radius_deg) / 2) ** 2))


def ask(
    session: SparkSession, spec: TableSpec, lake: LakePath, rows: int
) -> tuple[dict[str, float], dict[str, list[Any]]]:
    """Run the queries; return the median seconds and everything that was found, by kind.

    Parameters
    ----------
    session
        Who asks.
    spec
        The table that is asked.
    lake
        Root folder of the tables.
    rows
        Rows of the table, whose alert ids are 0 to one less.

    Returns
    -------
    Both by ``object`` and ``cone``.
    """
    rng = np.random.default_rng(7)
    frame = read_table(spec, session, lake).select("alert_id", "object_id", "time", "ra", "dec", "candidate.magpsf")
    names = [row["object_id"] for row in frame.where(F.col("alert_id").isin(_some(rng, rows))).collect()]
    places = [(float(rng.uniform(5, 355)), float(rng.uniform(-25, 60))) for _ in range(QUERIES)]
    kinds = {
        "object": [frame.where(F.col("object_id") == name) for name in sorted(names)],
        "cone": [in_cone(frame, ra, dec, CONE_DEG) for ra, dec in places],
    }
    seconds: dict[str, float] = {}
    found: dict[str, list[Any]] = {}
    for kind, queries in kinds.items():
        times = []
        found[kind] = []
        for query in queries:
            begin = time.monotonic()
            found[kind] += sorted(query.collect())
            times.append(time.monotonic() - begin)
        seconds[kind] = round(statistics.median(times), 4)
    return seconds, found


def _some(rng: np.random.Generator, rows: int) -> list[int]:
    return [int(number) for number in rng.choice(rows, size=QUERIES, replace=False)]


def measure(
    session: SparkSession,
    survey: Survey,
    lake: LakePath,
    messages: Iterable[bytes],
    *,
    nights: int = 8,
    files: int = 100,
    rows: int = 60,
    say: Say = print,
) -> QueryReport:
    """Build the lake, ask, compact, and ask again.

    Parameters
    ----------
    session, survey, lake
        Who asks, whose rows, and where they are written.
    messages, nights, files, rows
        Real packets; nights, files a night, rows a file.
    say
        Receives a line for each step.

    Raises
    ------
    ConfigError
        When there is no packet.
    """
    spec = night_specs(survey)[Table.SILVER]
    records, total = decode(messages, survey), nights * files * rows
    write_small_files(spec, lake, records, survey, nights=nights, files=files, rows=rows)
    say(f"{total} rows in {nights * files} files, derived from {len(records)} alerts")
    ask(session, spec, lake, total)  # the first pays for what Spark compiles and loads
    before, found = ask(session, spec, lake, total)
    many = _files(spec, lake)
    say(f"before: {before}")
    took = _compact(spec, lake, nights)
    ask(session, spec, lake, total)
    after, again = ask(session, spec, lake, total)
    if again != found:
        raise ConfigError("the queries found other rows after compaction: this must never be")
    return QueryReport(
        rows=total,
        derived_from=len(records),
        nights=nights,
        files={"before": many, "after": _files(spec, lake)},
        seconds={"before": before, "after": after},
        found={kind: len(rows) for kind, rows in found.items()},
        speedup={kind: round(before[kind] / after[kind], 2) for kind in before},
        compact_s=round(took, 2),
    )


def _compact(spec: TableSpec, lake: LakePath, nights: int) -> float:
    """Compact every night; return the seconds that it took."""
    begin = time.monotonic()
    path = spec.path(lake)
    for night in (FIRST_NIGHT + timedelta(days=number) for number in range(nights)):
        sizes = partition_files(path, night)
        compact_night(spec, path, night, sizes, writer_properties(spec, rows_in_group(sizes)))
    return time.monotonic() - begin


def _files(spec: TableSpec, lake: LakePath) -> int:
    state = health(spec, lake)
    return state.files if state else 0
