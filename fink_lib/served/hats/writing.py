"""Writes a HATS catalogue and puts it in the place of the one before: readers see the old one or the new one."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fink_lib.lake.tables import HPX_ORDER
from fink_lib.served.hats.pixels import FINEST_ORDER, Pixel, divided

CELL = "_healpix_29"
MOST_ROWS = 500_000
GROUP_ROWS = 65_536
KEPT = 2  # versions that stay: whoever has opened the last one may go on reading


@dataclass(frozen=True)
class Catalogue:
    """What is written.

    Attributes
    ----------
    name
        What it is called.
    kind
        ``source`` or ``object``, as HATS calls it.
    sql
        Its rows, with `CELL`, ``ra`` and ``dec``.
    version
        Of the table that it is made of.
    """

    name: str
    kind: str
    sql: str
    version: int


def write(connection: duckdb.DuckDBPyConnection, catalogue: Catalogue, root: Path, most: int = MOST_ROWS) -> Path:
    """Write a catalogue; return where it is.

    Parameters
    ----------
    connection
        What makes the rows.
    catalogue
        What is written.
    root
        Folder of the catalogues: ``<root>/<name>`` leads to the newest version.
    most
        How many rows a file may have.
    """
    folder = root / f"{catalogue.name}.v{catalogue.version}"
    link = root / catalogue.name
    if folder.is_dir() and link.is_symlink() and link.readlink() == Path(folder.name):
        return link
    scratch = root / f"{catalogue.name}.new"
    shutil.rmtree(scratch, ignore_errors=True)
    (scratch / "dataset").mkdir(parents=True)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE hats AS {catalogue.sql} ORDER BY {CELL}")
    pixels = _pixels(connection, most)
    written = [(pixel, _write_pixel(connection, pixel, scratch)) for pixel in pixels]
    _write_about(connection, catalogue, written, scratch)
    shutil.rmtree(folder, ignore_errors=True)
    scratch.rename(folder)
    _point(link, folder)
    for old in sorted(root.glob(f"{catalogue.name}.v*"), key=lambda one: one.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return link


def _pixels(connection: duckdb.DuckDBPyConnection, most: int) -> list[Pixel]:
    shift = 2 * (HPX_ORDER - FINEST_ORDER)
    query = f"SELECT {CELL} >> {shift} AS cell, count(*) AS n FROM hats GROUP BY cell ORDER BY cell"  # noqa: S608  # ours
    rows = connection.sql(query).to_arrow_table()
    cells, counts = (np.asarray(rows[name].to_numpy(), dtype=np.int64) for name in ("cell", "n"))
    return list(divided(cells, counts, most))


def _write_pixel(connection: duckdb.DuckDBPyConnection, pixel: Pixel, folder: Path) -> pq.FileMetaData:
    low, high = pixel.ends
    rows = connection.sql(f"SELECT * FROM hats WHERE {CELL} BETWEEN {low} AND {high} ORDER BY {CELL}").to_arrow_table()  # noqa: S608
    path = folder / "dataset" / pixel.path
    path.parent.mkdir(parents=True, exist_ok=True)
    found: list[pq.FileMetaData] = []
    pq.write_table(rows, path, compression="zstd", row_group_size=GROUP_ROWS, metadata_collector=found)
    found[-1].set_file_path(pixel.path)
    return found[-1]


def _write_about(
    connection: duckdb.DuckDBPyConnection,
    catalogue: Catalogue,
    written: Iterable[tuple[Pixel, pq.FileMetaData]],
    folder: Path,
) -> None:
    known = list(written)
    schema: pa.Schema = connection.sql("SELECT * FROM hats LIMIT 0").to_arrow_table().schema
    pq.write_metadata(schema, folder / "dataset" / "_common_metadata")
    pq.write_metadata(schema, folder / "dataset" / "_metadata", metadata_collector=[one for _, one in known])
    lines = [f"{pixel.order},{pixel.number}" for pixel, _ in known]
    (folder / "partition_info.csv").write_text("\n".join(["Norder,Npix", *lines, ""]))
    facts = {
        "obs_collection": catalogue.name,
        "dataproduct_type": catalogue.kind,
        "hats_nrows": sum(one.num_rows for _, one in known),
        "hats_col_ra": "ra",
        "hats_col_dec": "dec",
        "hats_col_healpix": CELL,
        "hats_col_healpix_order": HPX_ORDER,
        "hats_npix_suffix": ".parquet",
        "hats_order": max((pixel.order for pixel, _ in known), default=0),
        "hats_max_rows": MOST_ROWS,
        "hats_version": "v1.0",
        "obs_regime": "Optical",
        "data_version": catalogue.version,
    }
    said = "".join(f"{name}={value}\n" for name, value in facts.items())
    for name in ("hats.properties", "properties"):
        (folder / name).write_text(said)


def _point(link: Path, folder: Path) -> None:
    new = link.with_name(f"{link.name}.link")
    new.unlink(missing_ok=True)
    new.symlink_to(folder.name)
    new.replace(link)
