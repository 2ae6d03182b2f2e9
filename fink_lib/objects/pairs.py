"""Which objects are one: between two surveys, and within one that has an object twice. Pure: tables in, a table out."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.tables import gold_object_pairs
from fink_lib.objects.chance import ARCMIN2, chance_within, ring_density
from fink_lib.objects.near import DENSITY_ARCSEC, Floats, Found, Ints, counted_around, pairs_within, ranked

RULE = "position 1"  # raise the number whenever a row can become another one
BY_NAME_RULE = "designation 1"
POSITION, DESIGNATION, SAME_SURVEY = "position", "designation", "same_survey"
NO_CELL = -1  # of what has no place of its own
COLUMNS = ("cell", "object_id", "ra", "dec", "position_error_arcsec", "may_move", "first_night")
PAIRS = gold_object_pairs().plain_schema
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Side:
    """Objects of one survey that stay in their place.

    Attributes
    ----------
    survey
        Its name.
    rows
        `COLUMNS`.
    association_arcsec
        Within which two of them are taken for one.
    """

    survey: str
    rows: pa.Table
    association_arcsec: float

    @cached_property
    def place(self) -> tuple[Floats, Floats]:
        """Right ascension and declination, in degrees."""
        return self.rows["ra"].to_numpy(), self.rows["dec"].to_numpy()

    @cached_property
    def rank(self) -> Ints:
        """Place of each object by its name."""
        return np.asarray(pc.rank(self.rows["object_id"], tiebreaker="dense").to_numpy(), dtype=np.int64)

    @cached_property
    def links(self) -> Found:
        """All pairs of them that are taken for one, in both orders."""
        a, b, separation = pairs_within(self.place, self.place, self.association_arcsec)
        return a[a != b], b[a != b], separation[a != b]

    @cached_property
    def linked(self) -> frozenset[tuple[int, int]]:
        """The same, and each with itself understood."""
        return frozenset(zip(*(part.tolist() for part in self.links[:2]), strict=True))


def static(rows: pa.Table) -> pa.Table:
    """Return the objects that may have a partner by their place: one that may move has none."""
    return rows.filter(pc.invert(rows["may_move"])).combine_chunks()


def position_pairs(a: Side, b: Side, radius_arcsec: float) -> pa.Table:
    """Return the pairs of two surveys within a radius, all of them, as rows of the table.

    Parameters
    ----------
    a, b
        Objects of the two surveys.
    radius_arcsec
        Largest separation.
    """
    at, to, separation = pairs_within(a.place, b.place, radius_arcsec)
    ambiguous = _more_than_one(at, to, b) | _more_than_one(to, at, a)
    return _rows(POSITION, (a, b), (at, to, separation), radius_arcsec, ambiguous)


def same_survey_pairs(one: Side) -> pa.Table:
    """Return the objects of a survey that are as near as sources that it takes for one: linked, not merged."""
    at, to, _ = one.links
    first = one.rank[at] < one.rank[to]  # each pair once; candidates are counted over both orders
    rows = _rows(SAME_SURVEY, (one, one), one.links, one.association_arcsec, np.zeros(len(at), dtype=bool))
    return rows.filter(pa.array(first))


def designation_pairs(a: tuple[str, pa.Table], b: tuple[str, pa.Table]) -> pa.Table:
    """Return the moving objects that two surveys name alike.

    Parameters
    ----------
    a, b
        Survey, and its moving objects: ``designation`` and ``first_night``.
    """
    both = a[1].join(b[1], "designation", join_type="inner", right_suffix="_b").sort_by("designation")
    count = both.num_rows
    one = np.ones(count, dtype=np.int32)
    given = {
        "cell": pa.array(np.full(count, NO_CELL), pa.int32()),
        "kind": _repeated(DESIGNATION, count),
        "survey_a": _repeated(a[0], count),
        "object_a": both["designation"],
        "survey_b": _repeated(b[0], count),
        "object_b": both["designation"],
        **{name: pa.array(one) for name in ("candidates_a", "candidates_b", "rank_a", "rank_b")},
        "ambiguous": pa.array(np.zeros(count, dtype=bool)),
        "since_night": pc.max_element_wise(both["first_night"], both["first_night_b"]),
        "rule": _repeated(BY_NAME_RULE, count),
    }
    return pa.table([given.get(field.name, pa.nulls(count, field.type)) for field in PAIRS], schema=PAIRS)


def _rows(kind: str, sides: tuple[Side, Side], found: Found, radius_arcsec: float, ambiguous: Flags) -> pa.Table:
    a, b = sides
    at, to, separation = found
    candidates_b, rank_b = ranked(at, separation, b.rank[to])
    candidates_a, rank_a = ranked(to, separation, a.rank[at])
    density_b = _densities(a, at, b, radius_arcsec)
    density_a = _densities(b, to, a, radius_arcsec)
    one, other = a.rows.take(pa.array(at)), b.rows.take(pa.array(to))
    columns = {
        "cell": one["cell"],
        "kind": _repeated(kind, len(at)),
        "survey_a": _repeated(a.survey, len(at)),
        "object_a": one["object_id"],
        "survey_b": _repeated(b.survey, len(at)),
        "object_b": other["object_id"],
        "separation_arcsec": separation,
        "position_error_a_arcsec": one["position_error_arcsec"],
        "position_error_b_arcsec": other["position_error_arcsec"],
        "candidates_a": candidates_a,
        "candidates_b": candidates_b,
        "rank_a": rank_a,
        "rank_b": rank_b,
        "ambiguous": ambiguous,
        "density_a_arcmin2": density_a * ARCMIN2,
        "density_b_arcmin2": density_b * ARCMIN2,
        "chance_a": chance_within(separation, density_a),
        "chance_b": chance_within(separation, density_b),
        "since_night": pc.max_element_wise(one["first_night"], other["first_night"]),
        "radius_arcsec": np.full(len(at), radius_arcsec),
        "rule": _repeated(RULE, len(at)),
    }
    return pa.table(columns).cast(PAIRS)


def _densities(around: Side, at: Ints, of: Side, radius_arcsec: float) -> Floats:
    """Return the density of the objects of one side around the places of some of the other."""
    which, back = np.unique(at, return_inverse=True)
    ra, dec = (axis[which] for axis in around.place)
    counted = counted_around((ra, dec), of.place, radius_arcsec, DENSITY_ARCSEC)
    return ring_density(counted, radius_arcsec, DENSITY_ARCSEC)[back]


def _more_than_one(owner: Ints, candidate: Ints, side: Side) -> Flags:
    """Tell of each pair whether its owner has a candidate that is not linked with this one as the same object."""
    several = np.bincount(owner)[owner] > 1 if len(owner) else np.zeros(0, dtype=bool)
    of: dict[int, list[int]] = defaultdict(list)
    for at in np.flatnonzero(several):
        of[int(owner[at])].append(int(candidate[at]))
    found = np.zeros(len(owner), dtype=bool)
    for at in np.flatnonzero(several):
        mine = int(candidate[at])
        found[at] = any(one != mine and (mine, one) not in side.linked for one in of[int(owner[at])])
    return found


def _repeated(value: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), count)
