"""Measure the crossmatch: made positions against a made catalogue, through the tables and the code of a night."""

import json
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark.sql.functions as F
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from fink_lib.bench.made_sky import write_catalog, write_positions
from fink_lib.bench.memory import MemoryWatch
from fink_lib.catalogs.sources import CatalogFile
from fink_lib.catalogs.spark.join import crossmatch
from fink_lib.catalogs.spark.load import load_catalog_table
from fink_lib.config import Settings
from fink_lib.lake.spark.session import build_session
from fink_lib.lake.tables.catalogs import gold_catalog

RADIUS_ARCSEC = 1.5
# Where the sample lies that astropy is asked about: around both poles, and on both sides of RA 0 from pole to pole.
POLAR_DEC, STRIP_DEG, MARGIN_DEG = 88.5, 0.5, 0.5
Say = Callable[[str], None]


@dataclass(frozen=True)
class CrossmatchReport:
    """Figures of one run.

    Attributes
    ----------
    radius_arcsec
        Radius of the match.
    driver_memory, master
        What Spark ran with.
    files
        The catalogue's files in the lake.
    matches
        Positions that have a source.
    load_s
        Making the catalogue's table out of its file.
    scan_s
        Reading every column of that table once, by Spark.
    match_s
        From the positions' file to a table of matches.
    ratio
        `match_s` over `scan_s`.
    pairs_per_s
        Positions times sources over `match_s`.
    peak_rss_mb
        Of this process, its JVM and its Python workers, while it matched; pages that they share count for each.
    positions, catalog_rows, seed
        What was made and matched.
    checked, disagreeing
        Positions at the poles and across RA 0 compared with astropy, and those whose source was another one.
    """

    radius_arcsec: float
    driver_memory: str
    master: str
    files: int
    matches: int
    load_s: float
    scan_s: float
    match_s: float
    peak_rss_mb: float
    positions: int = 0
    catalog_rows: int = 0
    seed: int = 0
    checked: int = 0
    disagreeing: int = 0

    @property
    def ratio(self) -> float:
        """Match over scan."""
        return round(self.match_s / self.scan_s, 2)

    @property
    def pairs_per_s(self) -> float:
        """How many pairs were decided on in a second, nearly all of them by not looking at them."""
        return float(f"{self.positions * self.catalog_rows / self.match_s:.3g}")

    @property
    def agrees(self) -> bool:
        """True when astropy was asked about some positions and said the same of each."""
        return self.checked > 0 and not self.disagreeing

    def as_json(self) -> str:
        """Return everything as a JSON object."""
        facts = {**asdict(self), "ratio": self.ratio, "pairs_per_s": self.pairs_per_s}
        return json.dumps({"what": "crossmatch", **facts}, indent=1)


def run_crossmatch(settings: Settings, positions: int, catalog_rows: int, seed: int, say: Say) -> CrossmatchReport:
    """Make, load, scan, match and check, in a home of its own that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="fink-bench-") as folder:
        home = Path(folder)
        mine = settings.model_copy(update={"home": home})
        file = CatalogFile("made", (home / "catalog.parquet",), source_id="source_id", radius_arcsec=RADIUS_ARCSEC)
        say(f"making {catalog_rows} sources and {positions} positions, seed {seed}")
        _make(home, positions, catalog_rows, seed)
        session = build_session("bench-crossmatch", mine)
        try:
            measured = _measure(session, mine, file, say)
        finally:
            session.stop()
        say("asking astropy about the poles and RA 0")
        checked, disagreeing = compare(home)
    report = replace(measured, positions=positions, catalog_rows=catalog_rows, seed=seed)
    return replace(report, checked=checked, disagreeing=disagreeing)


def _make(home: Path, positions: int, catalog_rows: int, seed: int) -> None:
    """Write both files in a process of its own: what that one holds is not the memory of a match."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as maker:
        maker.submit(write_catalog, home / "catalog.parquet", catalog_rows, seed).result()
        maker.submit(write_positions, home / "positions.parquet", positions, catalog_rows, seed).result()


def _measure(session: SparkSession, settings: Settings, file: CatalogFile, say: Say) -> CrossmatchReport:
    spec = gold_catalog(file.name)
    load_s = _timed(lambda: load_catalog_table(session, settings, file))
    say(f"loaded in {load_s} s")
    scan_s = _timed(lambda: scan(session, spec.path(settings.lake)))
    say(f"plain scan in {scan_s} s")
    watch = MemoryWatch()
    watch.add("match", os.getpid())
    watch.start()
    try:
        match_s = _timed(lambda: match(session, settings, spec.path(settings.lake)))
    finally:
        watch.close()
    say(f"matched in {match_s} s")
    return CrossmatchReport(
        radius_arcsec=file.radius_arcsec,
        driver_memory=settings.batch_memory,
        master=settings.spark_master,
        files=len(DeltaTable(str(spec.path(settings.lake))).file_uris()),
        matches=session.read.format("delta").load(str(settings.home / "matches")).count(),
        load_s=load_s,
        scan_s=scan_s,
        match_s=match_s,
        peak_rss_mb=watch.peak_mb["match"],
    )


def scan(session: SparkSession, table: Path) -> None:
    """Read every column of a catalogue table once."""
    rows = session.read.format("delta").load(str(table))
    sums = [F.sum(name) for name in ("cell", "ra", "dec")]
    rows.agg(*sums, F.sum(F.length("source_id")), F.sum(F.length("label"))).collect()


def match(session: SparkSession, settings: Settings, table: Path) -> None:
    """Match the positions and write the matches as a table."""
    positions = session.read.parquet(str(settings.home / "positions.parquet"))
    catalog = session.read.format("delta").load(str(table))
    with crossmatch(positions, ["id"], catalog, RADIUS_ARCSEC) as found:
        found.write.format("delta").save(str(settings.home / "matches"))


def compare(home: Path) -> tuple[int, int]:
    """Compare the matches at the poles and across RA 0 with those of astropy: how many positions, how many differ."""
    from astropy import units as u  # noqa: PLC0415 - slow to import
    from astropy.coordinates import SkyCoord  # noqa: PLC0415

    here = _difficult(home / "positions.parquet", ["id", "ra", "dec"], 0.0)
    sources = _difficult(home / "catalog.parquet", ["source_id", "ra", "dec"], MARGIN_DEG)
    at, stars = (SkyCoord(t["ra"].to_numpy(), t["dec"].to_numpy(), unit=u.deg) for t in (here, sources))
    row, angle, _ = at.match_to_catalog_sky(stars)
    within = angle.arcsec <= RADIUS_ARCSEC
    named = sources["source_id"].to_pylist()
    expected = {one: named[r] for one, r, hit in zip(here["id"].to_pylist(), row, within, strict=True) if hit}
    matches = DeltaTable(str(home / "matches")).to_pyarrow_table(columns=["id", "source_id"])
    found = dict(zip(matches["id"].to_pylist(), matches["source_id"].to_pylist(), strict=True))
    differ = sum(found.get(one) != expected.get(one) for one in here["id"].to_pylist())
    return here.num_rows, differ


def _difficult(path: Path, columns: list[str], margin_deg: float) -> pa.Table:
    """Read what lies at a pole or at RA 0, a margin around it included, a piece of the file at a time."""
    with pq.ParquetFile(path) as file:
        pieces = [batch.filter(_at_an_edge(batch, margin_deg)) for batch in file.iter_batches(columns=columns)]
        return pa.Table.from_batches(pieces, schema=pa.schema([file.schema_arrow.field(name) for name in columns]))


def _at_an_edge(rows: pa.RecordBatch, margin_deg: float) -> pa.Array:
    ra, dec = rows["ra"].to_numpy(), rows["dec"].to_numpy()
    strip = STRIP_DEG + margin_deg / np.maximum(np.cos(np.radians(dec)), 1e-9)
    return pa.array((np.abs(dec) > POLAR_DEC - margin_deg) | (np.minimum(ra, 360.0 - ra) < strip))


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return round(time.monotonic() - began, 2)
