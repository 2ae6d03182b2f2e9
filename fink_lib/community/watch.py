"""Watch lists and watch maps: read from what people upload, matched with positions.

A list is a table of places with radii; a map is a Multi-Order Coverage map (IVOA Recommendation MOC 2.0) in JSON, text
or FITS. Matching asks a tree of the alerts' directions (chord length for angle), or looks up the HEALPix cell of each
alert in the sorted ranges of a map.
"""

import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pc_csv

from fink_lib.catalogs.cells import cells_of
from fink_lib.community.texts import LONGEST_LINE, sound_text
from fink_lib.errors import ConfigError, first_line
from fink_lib.sky import ARCSEC_PER_RAD, angle_between, unit_vectors
from fink_lib.votables import first_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DEEPEST_ORDER = 29
ROUNDING = 1.0 + 1e-12
MOST_PLACES, MOST_RANGES = 100_000, 1_000_000
LARGEST_RADIUS_ARCSEC, SMALLEST_RADIUS_ARCSEC = 3_600.0, 0.1
DEFAULT_RADIUS_ARCSEC = 5.0
SPHERE_DEG2 = 41_252.961
NAMES = {"ra": ("ra", "_raj2000", "raj2000"), "dec": ("dec", "_dej2000", "dej2000", "decl"),
         "radius_arcsec": ("radius_arcsec", "radius"), "label": ("label", "name", "id")}  # fmt: skip


@dataclass(frozen=True)
class Places:
    """A watch list.

    Attributes
    ----------
    labels
        What each place is called.
    ra_deg, dec_deg, radius_arcsec
        Where, and how far around.
    """

    labels: tuple[str, ...]
    ra_deg: Floats
    dec_deg: Floats
    radius_arcsec: Floats


@dataclass(frozen=True)
class Region:
    """A watch map.

    Attributes
    ----------
    begins, ends
        Ranges of cells of order 29 (NESTED), sorted, the ends not included.
    order
        Finest order of the map.
    """

    begins: Ints
    ends: Ints
    order: int

    @property
    def area_deg2(self) -> float:
        """Its area."""
        return float((self.ends - self.begins).sum()) / (12 * 4.0**DEEPEST_ORDER) * SPHERE_DEG2


def read_places(raw: bytes) -> Places:
    """Read a watch list: CSV with a header line, or a VOTable, of ra, dec in degrees, and perhaps radius and label.

    Raises
    ------
    ConfigError
        Naming what cannot be used.
    """
    table = _table(raw)
    columns = {name.lower(): name for name in table.column_names}
    chosen = {name: next((columns[one] for one in known if one in columns), None) for name, known in NAMES.items()}
    if chosen["ra"] is None or chosen["dec"] is None:
        raise ConfigError(f"a watch list has columns ra and dec, in degrees; this one has {', '.join(columns)[:200]}")
    if not 1 <= table.num_rows <= MOST_PLACES:
        raise ConfigError(f"a watch list has 1 to {MOST_PLACES} places; this one has {table.num_rows}")
    ra, dec = (_numbers(table, str(chosen[name])) for name in ("ra", "dec"))
    radius = (np.full(len(ra), DEFAULT_RADIUS_ARCSEC) if chosen["radius_arcsec"] is None
              else _numbers(table, chosen["radius_arcsec"]))  # fmt: skip
    _require(np.isfinite(ra) & (ra >= 0.0) & (ra < 360.0), "ra is in [0, 360) degrees")  # noqa: PLR2004
    _require(np.abs(dec) <= 90.0, "dec is in [-90, 90] degrees")  # noqa: PLR2004
    good = (radius >= SMALLEST_RADIUS_ARCSEC) & (radius <= LARGEST_RADIUS_ARCSEC)
    _require(good, f"radii are {SMALLEST_RADIUS_ARCSEC} to {LARGEST_RADIUS_ARCSEC:g} arcsec")
    return Places(_labels(table, chosen["label"]), ra, dec, radius)


def _table(raw: bytes) -> pa.Table:
    try:
        if raw.lstrip()[:1] == b"<":
            found = first_table(raw, MOST_PLACES).to_table()
            return pa.table({name: np.ma.filled(found[name], np.nan).tolist() if found[name].dtype.kind == "f"
                             else [str(one) for one in found[name]] for name in found.colnames})  # fmt: skip
        lines = [line for line in raw.decode("utf-8-sig").splitlines() if line.strip() and not line.startswith("#")]
        return pc_csv.read_csv(io.BytesIO("\n".join(lines).encode()))
    except Exception as error:
        raise ConfigError(f"the list cannot be read as CSV or VOTable: {first_line(error)[:200]}") from error


def _numbers(table: pa.Table, name: str) -> Floats:
    try:
        found = table[name].cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid as error:
        raise ConfigError(f"the column '{name}' holds something that is no number: {error}") from error
    return np.asarray(found, dtype=np.float64)


def _require(good: npt.NDArray[np.bool_], rule: str) -> None:
    if not good.all():
        raise ConfigError(f"{rule}: row {int(np.argmin(good)) + 1} is not")


def _labels(table: pa.Table, name: str | None) -> tuple[str, ...]:
    told = [""] * table.num_rows if name is None else table[name].to_pylist()
    try:
        return tuple(sound_text(str(one if one is not None else ""), LONGEST_LINE, lines=False) for one in told)
    except ValueError as error:
        raise ConfigError(f"a label of the list cannot be used: {error}") from error


def read_region(raw: bytes) -> Region:
    """Read a map: MOC as JSON ``{"order": [cells]}``, as text ``order/cells``, or as FITS.

    Raises
    ------
    ConfigError
        When it is none.
    """
    try:
        if raw.startswith(b"SIMPLE"):
            cells = _of_fits(raw)
        elif raw.lstrip()[:1] == b"{":
            said = json.loads(raw)
            cells = {int(order): _list_of(some) for order, some in said.items()}
        else:
            cells = _of_text(raw.decode("ascii"))
    except Exception as error:
        raise ConfigError(f"the map cannot be read as a MOC: {first_line(error)[:200]}") from error
    return _ranges(cells)


def _list_of(some: object) -> Ints:
    found = np.asarray(some, dtype=np.int64)
    if found.ndim != 1:
        raise ValueError("cells are a list of whole numbers for each order")
    return found


def _of_text(text: str) -> dict[int, Ints]:
    found: dict[int, list[int]] = {}
    order, count = -1, 0
    for word in re.split(r"[\s,]+", text.strip()):
        head, slash, rest = word.rpartition("/")
        order = int(head) if slash else order
        if rest:
            first, _, last = rest.partition("-")
            count += max(0, int(last or first) - int(first) + 1)
            if count > MOST_RANGES:  # before they are written out: a short text can name more than memory holds
                raise ValueError(f"more than {MOST_RANGES} cells")
            found.setdefault(order, []).extend(range(int(first), int(last or first) + 1))
    return {one: np.asarray(some, dtype=np.int64) for one, some in found.items()}


def _of_fits(raw: bytes) -> dict[int, Ints]:
    from astropy.io import fits  # noqa: PLC0415 - slow to import

    with fits.open(io.BytesIO(raw)) as hdus:
        header, rows = hdus[1].header, hdus[1].data
        if header.get("ORDERING", "NUNIQ").strip() != "NUNIQ":
            raise ValueError(f"ordering {header['ORDERING']}: give NUNIQ")
        unique = np.asarray(rows.field(0), dtype=np.int64)
    if (unique < 4).any():  # noqa: PLR2004 - the first cell of order 0
        raise ValueError("a cell number below 4")
    orders = (np.log2(unique.astype(np.float64) / 4.0) // 2).astype(np.int64)
    return {int(order): unique[orders == order] - 4 * 4 ** int(order) for order in np.unique(orders)}


def _ranges(cells: dict[int, Ints]) -> Region:
    filled = {order: some for order, some in cells.items() if len(some)}
    if not filled:
        raise ConfigError("the map has no cell")
    begins, ends = [], []
    for order, some in filled.items():
        if not 0 <= order <= DEEPEST_ORDER or (some < 0).any() or (some >= 12 * 4**order).any():
            raise ConfigError(f"the map has a cell that there is not, of order {order}")
        shift = np.int64(2 * (DEEPEST_ORDER - order))
        begins.append(some << shift)
        ends.append((some + 1) << shift)
    first, last = np.concatenate(begins), np.concatenate(ends)
    if len(first) > MOST_RANGES:
        raise ConfigError(f"the map has {len(first)} cells, of at most {MOST_RANGES}")
    turn = np.argsort(first, kind="stable")
    first, last = first[turn], np.maximum.accumulate(last[turn])
    is_new = np.concatenate([[True], first[1:] > last[:-1]])
    stops = np.concatenate([np.flatnonzero(is_new)[1:] - 1, [len(first) - 1]])
    return Region(first[is_new], last[stops], max(filled))


def within(region: Region, ra_deg: Floats, dec_deg: Floats) -> npt.NDArray[np.bool_]:
    """Tell which positions lie in a map.

    Parameters
    ----------
    region
        The map.
    ra_deg, dec_deg
        Positions, one an alert; what is not on the sphere lies nowhere.
    """
    cells = cells_of(ra_deg, dec_deg, DEEPEST_ORDER)
    at = np.searchsorted(region.begins, cells, side="right") - 1
    return np.asarray((cells >= 0) & (at >= 0) & (cells < region.ends[np.maximum(at, 0)]))


def near(places: Places, ra_deg: Floats, dec_deg: Floats) -> list[tuple[int, int, float]]:
    """Return position, place and separation in arcsec of every pair within the radius of the place.

    Parameters
    ----------
    places
        The list, each place with its radius in arcsec.
    ra_deg, dec_deg
        Positions, one an alert; what is not finite is near nothing.

    Returns
    -------
    list of (int, int, float)
        Ascending; position and place are numbers from 0.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow to import

    good = np.isfinite(ra_deg) & np.isfinite(dec_deg)
    rows = np.flatnonzero(good)
    if not len(rows):
        return []
    alerts = unit_vectors(ra_deg[rows], dec_deg[rows])
    wanted = unit_vectors(places.ra_deg, places.dec_deg)
    found = []
    for place, hits in enumerate(cKDTree(alerts).query_ball_point(wanted, chord_of(places.radius_arcsec))):
        apart = angle_between(alerts[hits], wanted[place]) * ARCSEC_PER_RAD
        found += [(int(rows[hit]), place, float(far)) for hit, far in zip(hits, apart, strict=True)]
    return sorted(found)


def chord_of(radius_arcsec: Floats) -> Floats:
    """Return the chords between unit vectors so far apart, with room for their rounding."""
    return np.asarray(2.0 * np.sin(radius_arcsec / ARCSEC_PER_RAD / 2.0) * ROUNDING)


def places_csv(rows: Sequence[tuple[str, float, float, float]]) -> bytes:
    """Write a watch list: label, ra, dec, radius."""
    lines = ["label,ra,dec,radius_arcsec", *(f"{label},{ra!r},{dec!r},{radius!r}" for label, ra, dec, radius in rows)]
    return "\n".join(lines).encode()
