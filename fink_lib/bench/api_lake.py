"""A lake of made alerts, as closings leave it: the tables made for reading in as many runs as there may be."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fink_lib.catalogs.cells import cells_of
from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.files import replace_text
from fink_lib.lake.delta import delta_table
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import HPX_ORDER, KAFKA_KEY
from fink_lib.lake.writer_schemas import WriterSchemas
from fink_lib.nightly.serve.step import follow
from fink_lib.nightly.serve.writing import ensure, ordered, replace_runs, sorting
from fink_lib.packets.rebuilt import Rebuilder
from fink_lib.science.framework.silver import silver_spec
from fink_lib.served.columns import CLASS_NAME, HPX_NAME, RUN_NAME, served_specs
from fink_lib.served.opened import COVERED
from fink_lib.served.runs import MOST_RUNS, Run
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import bronze_spec

FIRST_NIGHT = dt.date(2024, 1, 1)
NIGHTS_OF_RUN = 25
ALERTS_OF_OBJECT = 8  # as many as a ZTF object has in the median
SPREAD_DEG = 3e-5  # of the positions of one object: 0.1 arcsec
FIRST_ALERT_ID = 10**18
CLASSES = ("Unknown", "RRLyr", "SN candidate", "Early SN Ia candidate")
SHARES = (0.8, 0.18, 0.0199, 0.0001)
BATCH_ROWS = 200_000
STAMPED = 200  # alerts that have a packet in bronze
STAMP_SIDE = 63
MADE_OF = "bench_api.json"  # in the home: what the lake there was made of


@dataclass(frozen=True)
class MadeLake:
    """What was made.

    Attributes
    ----------
    ra_deg, dec_deg
        Place of each object.
    names
        What each object is called.
    stamped
        Alerts that have cutouts.
    """

    ra_deg: np.ndarray
    dec_deg: np.ndarray
    names: pa.Array
    stamped: list[int]

    def name(self, number: int) -> str:
        """Return what an object is called."""
        return str(self.names[number].as_py())


def object_names(count: int) -> pa.Array:
    """Return so many names such as ZTF gives, each another one."""
    numbers = np.arange(count)
    letters = np.stack([ord("a") + numbers // 26**place % 26 for place in range(6, -1, -1)], axis=1)
    plain = letters.astype(np.uint8).view("S7").ravel()
    return pa.array(np.char.add(b"ZTF24", plain)).cast(pa.string())


def made_or_kept(
    settings: Settings, survey: Survey, alerts: int, seed: int, say: Callable[[str], None] = lambda _: None
) -> MadeLake:
    """Return the lake of a home: the one that was made there of the same numbers, or a new one.

    Parameters
    ----------
    settings, survey, alerts, seed, say
        As `make_lake` takes them.

    Raises
    ------
    HostError
        When another lake is in the home.
    """
    wanted, note = {"survey": survey.name, "alerts": alerts, "seed": seed}, settings.home / MADE_OF
    if note.is_file():
        there = json.loads(note.read_text("utf-8"))
        if there != wanted:
            raise HostError(f"{settings.home} holds a lake of {there}, not of {wanted}: name another folder")
        say(f"taking the lake that is in {settings.home}")
        return _places(alerts, seed)[0]
    made = make_lake(settings, survey, alerts, seed, say)
    replace_text(note, json.dumps(wanted))
    return made


def _places(alerts: int, seed: int) -> tuple[MadeLake, np.random.Generator]:
    """Return where the objects are, and what the rest is drawn from."""
    rng = np.random.default_rng(seed)
    objects = max(1, alerts // ALERTS_OF_OBJECT)
    ra, dec = rng.uniform(0, 360, objects), np.degrees(np.arcsin(rng.uniform(-0.5, 1, objects)))
    return MadeLake(
        ra, dec, object_names(objects), [FIRST_ALERT_ID + number for number in range(min(STAMPED, alerts))]
    ), rng


def make_lake(
    settings: Settings, survey: Survey, alerts: int, seed: int, say: Callable[[str], None] = lambda _: None
) -> MadeLake:
    """Write a lake of so many alerts: a part in each run, packets for some.

    Parameters
    ----------
    settings
        Whose home it is.
    survey
        Whose alerts they look like.
    alerts
        How many.
    seed
        Of every random choice.
    say
        Receives a line for each part that is written.
    """
    made, rng = _places(alerts, seed)
    silver = silver_spec(survey)
    (sources, order), *followers = served_specs(survey, silver.schema)
    part = -(-alerts // MOST_RUNS)
    for number, first in enumerate(range(0, alerts, part)):
        begin = FIRST_NIGHT + dt.timedelta(days=NIGHTS_OF_RUN * number)
        run = Run(begin, begin + dt.timedelta(days=NIGHTS_OF_RUN - 1))
        rows = _rows(sources.plain_schema, made, run, range(first, min(first + part, alerts)), rng)
        with sorting(settings.lake) as connection:
            connection.register("made", pa.RecordBatchReader.from_batches(sources.plain_schema, rows))
            table = ensure(sources, settings.lake)
            covers = {} if number else {f"{COVERED}{FIRST_NIGHT}": len(made.stamped)}  # what silver has of that night
            replace_runs(sources, table, ordered(connection, ["SELECT * FROM made"], order), {run}, covers)
        say(f"sources: {min(first + part, alerts)} of {alerts} alerts written")
    for spec, by in followers:
        say(f"{spec.name}: being written")
        follow(sources, spec, by, settings.lake, FIRST_NIGHT)
    _packets(settings, survey, made, rng)
    return made


def _rows(
    shape: pa.Schema, made: MadeLake, run: Run, numbers: range, rng: np.random.Generator
) -> Iterator[pa.RecordBatch]:
    for first in range(numbers.start, numbers.stop, BATCH_ROWS):
        count = min(BATCH_ROWS, numbers.stop - first)
        owner = rng.integers(0, len(made.ra_deg), count)
        ra = (made.ra_deg[owner] + rng.normal(0, SPREAD_DEG, count)) % 360
        dec = np.clip(made.dec_deg[owner] + rng.normal(0, SPREAD_DEG, count), -90, 90)
        day = (run.first - dt.date(1970, 1, 1)).days + rng.integers(0, NIGHTS_OF_RUN, count)
        day[: max(0, STAMPED - first)] = (run.first - dt.date(1970, 1, 1)).days
        known = {
            RUN_NAME: pa.array([run.name] * count),
            "night": pa.array(day.astype(np.int32)).cast(pa.date32()),
            HPX_NAME: cells_of(ra, dec, HPX_ORDER),
            "alert_id": np.arange(first, first + count) + FIRST_ALERT_ID,
            "object_id": made.names.take(pa.array(owner)),
            "time": day + 2440587.5 + rng.uniform(0, 0.5, count),
            "ra": ra,
            "dec": dec,
            "band": np.array(["g", "r"])[rng.integers(0, 2, count)],
            CLASS_NAME: np.array(CLASSES)[rng.choice(len(CLASSES), count, p=SHARES)],
        }
        columns = [_column(one.type, count, rng) if one.name not in known else known[one.name] for one in shape]
        yield pa.RecordBatch.from_arrays(
            [pa.array(c).cast(f.type) for c, f in zip(columns, shape, strict=True)], schema=shape
        )


def _column(kind: pa.DataType, count: int, rng: np.random.Generator) -> pa.Array:
    """Return values as hard to compress as measured ones."""
    if pa.types.is_floating(kind):
        return pa.array(rng.normal(18, 2, count)).cast(kind)
    if pa.types.is_integer(kind):
        return pa.array(rng.integers(0, 1000, count)).cast(kind)
    if pa.types.is_string(kind):
        return pa.array(np.array(CLASSES)[rng.integers(0, len(CLASSES), count)])
    return pa.nulls(count, kind)


def _packets(settings: Settings, survey: Survey, made: MadeLake, rng: np.random.Generator) -> None:
    """Write packets with cutouts of noise, which does not compress."""
    writer = Rebuilder(survey)
    WriterSchemas(settings.lake).ensure({**writer.schema_row(), "first_time": dt.datetime.now(dt.UTC)})
    rows = []
    for offset, alert_id in enumerate(made.stamped):
        packet = _packet(survey, alert_id, rng)
        head, tail = writer.write(packet)
        place = dict(zip(KAFKA_KEY, ("made", 0, offset), strict=True))
        facts = {"night": FIRST_NIGHT, "alert_id": alert_id, "schema_sha256": writer.sha256, "head": head, "tail": tail}
        rows.append({**facts, **place})
    append_rows(bronze_spec(survey), settings.lake, rows)
    own = ("night", "alert_id", *KAFKA_KEY)  # the place is what leads from an alert to its packet
    append_rows(silver_spec(survey), settings.lake, [{name: row[name] for name in own} for row in rows])
    table = delta_table(bronze_spec(survey).path(settings.lake))
    table.optimize.compact()


def _packet(survey: Survey, alert_id: int, rng: np.random.Generator) -> dict[str, object]:
    packet: dict[str, object] = {}
    for path in (*survey.fields.required, *survey.fields.cutouts):
        node: dict[str, object] = packet
        *parents, last = path.split(".")
        for name in parents:
            node = node.setdefault(name, {})  # type: ignore[assignment]  # a record
        node[last] = _fits(rng) if path in survey.fields.cutouts else alert_id if path == survey.fields.alert_id else 1
    return packet


def _fits(rng: np.random.Generator) -> bytes:
    import gzip  # noqa: PLC0415
    import io  # noqa: PLC0415

    from astropy.io import fits  # noqa: PLC0415 - slow to import

    sink = io.BytesIO()
    fits.PrimaryHDU(rng.normal(0, 1, (STAMP_SIDE, STAMP_SIDE)).astype(np.float32)).writeto(sink)
    return gzip.compress(sink.getvalue(), 1)
