"""A catalogue of VizieR as a file of the catalogue folder, from where it is loaded as any other file.

VizieR answers with a VOTable (https://vizier.cds.unistra.fr/doc/asu-summary.htx): a table that is cut short is no
XML, so that a part of a catalogue is never taken for all of it.
"""

import io
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from fink_lib.catalogs.known import Angle, CatalogSource
from fink_lib.catalogs.remote.deadline import ask
from fink_lib.errors import CatalogUnavailable, ConfigError

logger = logging.getLogger(__name__)

URL = "https://vizier.cds.unistra.fr/viz-bin/votable"
DECLARED = "declared"
RA, DEC = "_RAJ2000", "_DEJ2000"  # what VizieR computes, in degrees, whatever the catalogue's own positions are
WRITERS: dict[str, Callable[[pa.Table, str], Any]] = {".parquet": pq.write_table, ".csv": pacsv.write_csv}


@dataclass(frozen=True)
class Vizier:
    """How VizieR is asked.

    Attributes
    ----------
    url
        Address of the service or of a mirror.
    timeout_s
        For each attempt, to the last byte.
    attempts
        How often it is asked.
    """

    url: str = URL
    timeout_s: float = 900.0
    attempts: int = 2

    def table(self, source: CatalogSource, table: str) -> pa.Table:
        """Return a table of VizieR under the names that the catalogue's file has.

        Parameters
        ----------
        source
            The catalogue, which names its columns.
        table
            Name of the table in VizieR.

        Returns
        -------
        Positions in the form that the source declares: degrees, or sexagesimal texts.

        Raises
        ------
        CatalogUnavailable
            When VizieR does not answer, or not with the whole table.
        ConfigError
            When the table has no such columns.
        """
        names = {column: dict(source.vizier_columns).get(column, column) for column in columns_of(source)}
        content = self._ask({
            "-source": table, "-out.max": "unlimited", "-out.add": "_RAJ,_DEJ", "-out": list(names.values()),
        })  # fmt: skip
        found = read_votable(content, table)
        wanted = {source.ra: RA, source.dec: DEC, **names}
        missing = sorted(set(wanted.values()) - set(found))
        if missing:
            raise ConfigError(f"catalogue '{source.name}': VizieR's {table} has no column {missing[0]!r}")
        columns = {column: found[name] for column, name in wanted.items()}
        if source.angle is Angle.SEXAGESIMAL:
            columns[source.ra] = [sexagesimal(None if angle is None else angle / 15.0) for angle in columns[source.ra]]
            columns[source.dec] = [sexagesimal(angle) for angle in columns[source.dec]]
        return pa.table(columns)

    def _ask(self, query: dict[str, Any]) -> bytes:
        problem = ""
        for attempt in range(self.attempts):
            try:
                answer = ask("GET", self.url, self.timeout_s, params=query)
                answer.raise_for_status()
            except httpx.HTTPError as failure:
                problem = f"{type(failure).__name__}: {failure}"
                logger.warning("VizieR did not answer attempt=%d %s", attempt, problem)
            else:
                return answer.content
        raise CatalogUnavailable(
            f"VizieR at {self.url} did not answer in {self.attempts} attempts ({problem}): without a network, put the "
            "file into the folder of catalogues (FINK_CATALOGS) instead"
        )


def fetch(source: CatalogSource, table: str, folder: Path | None, vizier: Vizier) -> Path:
    """Write a catalogue of VizieR into the folder of catalogues; a reader sees the old file or the new one.

    Parameters
    ----------
    source
        The catalogue, as declared.
    table
        VizieR's name of the table, or `DECLARED`.
    folder
        The setting ``catalogs``.
    vizier
        How to ask.

    Raises
    ------
    ConfigError
        When no folder is set, no table is declared, or the file is of a kind that is not written.
    CatalogUnavailable
        When VizieR does not answer.
    """
    name = source.vizier if table == DECLARED else table
    if not name:
        raise ConfigError(f"catalogue '{source.name}': no table of VizieR is declared; name one by --vizier TABLE")
    if folder is None:
        raise ConfigError("set FINK_CATALOGS, or --from: the folder that catalogues of VizieR are written to")
    target = folder / source.file_names[0]
    if target.suffix not in WRITERS or source.more_files:
        raise ConfigError(f"catalogue '{source.name}': {target.name} is not written from VizieR, only read from a file")
    found = vizier.table(source, name)
    folder.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=folder, prefix=".vizier.")
    os.close(handle)
    WRITERS[target.suffix](found, scratch)
    Path(scratch).chmod(0o644)
    Path(scratch).replace(target)
    logger.info("catalogue fetched name=%s table=%s rows=%d file=%s", source.name, name, found.num_rows, target)
    return target


def columns_of(source: CatalogSource) -> list[str]:
    """Return the columns of a catalogue's file that are no position."""
    more = [column for column, _ in (*source.texts, *source.numbers)]
    return [column for column in dict.fromkeys([source.label, *more, source.radius_column, source.required]) if column]


def read_votable(content: bytes, table: str) -> dict[str, list[Any]]:
    """Return the columns of the only table of a VOTable; a missing value is None.

    Parameters
    ----------
    content
        The whole answer.
    table
        What was asked for, for the sentence of an error.

    Raises
    ------
    CatalogUnavailable
        When it is none, is cut short, or holds no table or several.
    """
    from astropy.io import votable  # noqa: PLC0415 - half a second that only this command pays

    try:
        parsed = votable.parse(io.BytesIO(content), verify="ignore")
        tables = [each for each in parsed.iter_tables() if len(each.fields)]
    except Exception as problem:
        raise CatalogUnavailable(
            f"VizieR's answer for {table} is no VOTable, or not a whole one: {problem}"
        ) from problem
    if len(tables) != 1 or not len(tables[0].array):
        raise CatalogUnavailable(f"VizieR has {len(tables)} tables with rows for '{table}': one is expected")
    array = tables[0].array
    return {field.name: _plain(array[field.ID]) for field in tables[0].fields}


def _plain(column: Any) -> list[Any]:
    """Return values as Python's own, texts without padding, masked ones and NaN as None."""
    values = np.ma.asarray(column)
    if values.dtype.kind in "OSU":
        return [None if value is np.ma.masked or value is None else _text(value) for value in values.tolist()]
    return [None if value is None or value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN


def _text(value: str | bytes) -> str:
    return (value.decode() if isinstance(value, bytes) else str(value)).strip()


def sexagesimal(angle: float | None) -> str:
    """Return hours or degrees as the files of some catalogues write them; empty for none."""
    if angle is None:
        return ""
    thousandths = round(abs(angle) * 3_600_000)
    whole, rest = divmod(thousandths, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{'-' if angle < 0 else ''}{whole:02d} {minutes:02d} {rest / 1000:06.3f}"
