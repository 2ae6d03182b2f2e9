"""The crossmatch service of the CDS: positions go out as CSV, sources near them come back as CSV.

http://cdsxmatch.u-strasbg.fr/xmatch/doc/. Whole sky cells are asked for, not alerts, so that one answer serves
every later alert of the cell.
"""

import csv
import io
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from fink_lib.catalogs.remote.deadline import ask
from fink_lib.errors import CatalogUnavailable

logger = logging.getLogger(__name__)

URL = "http://cdsxmatch.u-strasbg.fr/xmatch/api/v1/sync"
RADIUS_LIMIT_ARCSEC = 180.0  # of the service
TOO_MANY_REQUESTS, SERVER_ERROR = 429, 500

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class RemoteCatalog:
    """A table of the service.

    Attributes
    ----------
    name
        Short lower-case name.
    table
        What the service calls it.
    ra, dec, label
        Columns of the answer.
    columns
        Further columns to keep.
    radius_arcsec
        A source farther away is no match.
    reference
        What to cite.
    """

    name: str
    table: str
    ra: str
    dec: str
    label: str
    columns: tuple[str, ...]
    radius_arcsec: float
    reference: str

    @property
    def kept(self) -> tuple[str, ...]:
        """Columns that are kept of an answer."""
        return (self.ra, self.dec, self.label, *self.columns)


REMOTE: Mapping[str, RemoteCatalog] = {
    catalog.name: catalog
    for catalog in (
        RemoteCatalog(
            name="simbad",
            table="simbad",
            ra="ra",
            dec="dec",
            label="main_type",
            columns=("main_id", "other_types"),
            radius_arcsec=1.0,
            reference="SIMBAD, Wenger et al. 2000, A&AS 143, 9",
        ),
        RemoteCatalog(
            name="gaia_dr3",
            table="vizier:I/355/gaiadr3",
            ra="RAdeg",
            dec="DEdeg",
            label="DR3Name",
            columns=("Plx", "e_Plx", "VarFlag"),
            radius_arcsec=1.0,
            reference="Gaia DR3, Gaia Collaboration 2023, A&A 674, A1",
        ),
    )
}


@dataclass(frozen=True)
class CrossmatchService:
    """How to ask.

    Attributes
    ----------
    url
        Address of the synchronous service.
    timeout_s
        For each attempt, from connecting to the last byte.
    attempts
        How often a question is asked before the service counts as unavailable.
    pause_s
        Before the second attempt; each further pause is twice as long.
    sleep
        Waits; a test gives another one.
    """

    url: str = URL
    timeout_s: float = 30.0
    attempts: int = 3
    pause_s: float = 1.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def around(
        self, catalog: RemoteCatalog, places: Mapping[int, tuple[float, float]], radius_arcsec: float
    ) -> dict[int, Rows]:
        """Return the sources around each place.

        Parameters
        ----------
        catalog
            Which table.
        places
            Number → position in degrees.
        radius_arcsec
            Around each; the service takes up to 180.

        Raises
        ------
        CatalogUnavailable
            When it did not answer, or not with a table that has the columns.
        """
        text = self._ask(catalog, places, radius_arcsec)
        rows = csv.DictReader(io.StringIO(text))
        wanted = {"cell", *catalog.kept}
        missing = sorted(wanted - set(rows.fieldnames or ()))
        if missing:
            raise CatalogUnavailable(f"{catalog.name}: {self.url} answered without the column {missing[0]!r}")
        found: dict[int, Rows] = {number: [] for number in places}
        for row in rows:
            number = int(row["cell"])
            if number not in found or any(row[name] is None for name in wanted):
                raise CatalogUnavailable(f"{catalog.name}: {self.url} answered with a broken table")
            found[number].append({name: row[name].strip() for name in catalog.kept})
        return found

    def _ask(self, catalog: RemoteCatalog, places: Mapping[int, tuple[float, float]], radius_arcsec: float) -> str:
        lines = ["cell,cell_ra,cell_dec", *(f"{number},{ra!r},{dec!r}" for number, (ra, dec) in places.items())]
        form = {
            "request": "xmatch",
            "distMaxArcsec": f"{radius_arcsec:.3f}",
            "RESPONSEFORMAT": "csv",
            "cat2": catalog.table,
            "colRA1": "cell_ra",
            "colDec1": "cell_dec",
            "selection": "all",
        }
        problem = "it was never asked"
        for attempt in range(self.attempts):
            if attempt:
                self.sleep(self.pause_s * 2 ** (attempt - 1))
            try:
                return self._post(form, "\n".join(lines))
            except (httpx.HTTPError, _TryAgain) as failure:
                problem = f"{type(failure).__name__}: {failure}"
                logger.warning("remote catalogue did not answer name=%s attempt=%d %s", catalog.name, attempt, problem)
        raise CatalogUnavailable(f"{catalog.name}: {self.url} did not answer in {self.attempts} attempts: {problem}")

    def _post(self, form: Mapping[str, str], table: str) -> str:
        files = {"cat1": ("cells.csv", table.encode())}
        answer = ask("POST", self.url, self.timeout_s, data=dict(form), files=files)
        if answer.status_code == TOO_MANY_REQUESTS or answer.status_code >= SERVER_ERROR:
            raise _TryAgain(f"status {answer.status_code}")
        if answer.is_error:
            raise CatalogUnavailable(f"{self.url} refused the question: status {answer.status_code}")
        return answer.text


class _TryAgain(Exception):
    """The service is overloaded or broken for now."""
