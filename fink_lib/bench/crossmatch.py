"""Measure the crossmatch: made positions against a made catalogue, beside scipy's tree and astropy's search."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from fink_lib.bench.match_ways import NAME, RADIUS_ARCSEC, Cost, Way, alone, found_by, load, make, match
from fink_lib.config import Settings
from fink_lib.lake.delta import delta_table
from fink_lib.lake.tables.catalogs import gold_catalog

OTHERS = (Way.SCIPY, Way.ASTROPY)
Say = Callable[[str], None]


@dataclass(frozen=True)
class CrossmatchReport:
    """Figures of one run.

    Attributes
    ----------
    positions, catalog_rows, seed
        What was made and matched.
    radius_arcsec
        Radius of the match.
    files
        The catalogue's files in the lake.
    matches
        Positions that have a source.
    load
        Making the catalogue's table out of its file.
    ways
        What each match took. Ours begins with the table and the file of positions; the others, with arrays in memory.
    disagreeing
        Positions for which the other way has another source than ours, or one where ours has none.
    """

    positions: int
    catalog_rows: int
    seed: int
    radius_arcsec: float
    files: int
    matches: int
    load: Cost
    ways: Mapping[Way, Cost]
    disagreeing: Mapping[Way, int]

    @property
    def ratio(self) -> float:
        """Ours over scipy's tree, in processor time."""
        return round(self.ways[Way.OURS].cpu_s / max(self.ways[Way.SCIPY].cpu_s, 0.01), 2)

    @property
    def agrees(self) -> bool:
        """True when every position was compared with both of the others, some have a source, and all said the same."""
        return self.matches > 0 and set(self.disagreeing) == set(OTHERS) and not any(self.disagreeing.values())

    def as_json(self) -> str:
        """Return everything as a JSON object."""
        return json.dumps({"what": "crossmatch", **asdict(self), "ratio": self.ratio}, indent=1)


def run_crossmatch(positions: int, catalog_rows: int, seed: int, say: Say) -> CrossmatchReport:
    """Make, load, match and compare, in a home of its own that is removed afterwards.

    Parameters
    ----------
    positions, catalog_rows
        How many of them.
    seed
        Of the made sky.
    say
        Is told of each step.
    """
    with tempfile.TemporaryDirectory(prefix="fink-bench-") as folder:
        home = Path(folder)
        say(f"making {catalog_rows} sources and {positions} positions, seed {seed}")
        alone(make, home, positions, catalog_rows, seed)
        loaded = alone(load, home)
        say(f"loaded in {loaded.wall_s} s")
        ways = {way: _matched(home, way, say) for way in Way}
        files = delta_table(gold_catalog(NAME).path(Settings().at_home(home).lake)).file_uris()
        matches, differ = compare(home, positions)
    return CrossmatchReport(
        positions, catalog_rows, seed, RADIUS_ARCSEC, len(files), matches, loaded, ways, dict(differ)
    )


def compare(home: Path, positions: int) -> tuple[int, Mapping[Way, int]]:
    """Return how many positions have a source, and for how many each of the others has another one.

    Parameters
    ----------
    home
        Holds what each way found.
    positions
        How many were matched.

    Returns
    -------
    The number with a source by ours, and way → number of those that differ.
    """
    ours = found_by(home, Way.OURS, positions)
    differ = {way: int((found_by(home, way, positions) != ours).sum()) for way in OTHERS}
    return int(np.count_nonzero(ours >= 0)), differ


def _matched(home: Path, way: Way, say: Say) -> Cost:
    cost = alone(match, home, way)
    say(f"{way}: matched in {cost.wall_s} s, {cost.cpu_s} s of processors, {cost.peak_mb} MB at the most")
    return cost
