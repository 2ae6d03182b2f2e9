"""Types of the catalogues of variable stars that are none: v0.1.0 called every match a variable star."""

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from fink_lib.science.cases.rubin.label import NEEDS, compute
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.methods.classify.variables import is_constant, is_of_other_galaxies, is_variable_star
from fink_lib.surveys.facts import CATALOGUED_VARIABLE

# Types as GCVS and VSX write them.
OTHER_GALAXIES = ("SN", "SNI", "SNI:", "SN+PSR", "QSO", "BLLAC", "GAL", "GAL:", "Galaxy", " QSO ")
STARS = ("RRAB", "M", "EA/RS", "N", "UGSU", "BLBOO", "GCAS", "")
CONSTANT = ("CST", "CST:", "NON-CV")


def supernova_like(
    results: dict[str, pa.Array], flux: tuple[float, ...] = (900.0, 1500.0, 2000.0), **changes: float
) -> AlertBatch:
    """Return a Rubin alert that rises at rest, with the answers of the other modules."""
    count = len(flux)
    now = {"flux": flux[-1], "reliability": 0.9, "time": 60000.0, "ra": 10.0, "dec": -5.0} | changes
    past = {"flux": np.array(flux), "time": 60000.0 - 2.0 * np.arange(count)[::-1]}
    past |= {"ra": np.full(count, 10.0), "dec": np.full(count, -5.0)}
    scalars = {name: np.array([value]) for name, value in now.items()}
    return AlertBatch(np.arange(1), np.array([0, count]), scalars, past, results=results)


SURE: dict[str, pa.Array] = {
    "is_sso": pa.array([False]), "gcvs": pa.array(["Unknown"]), "vsx": pa.array(["Unknown"]),
    "snn_sn_vs_others": pa.array([0.99]), "cats_class": pa.array([11]), "cats_score": pa.array([0.95]),
    "early_snia_score": pa.array([0.1]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("flux", "changes", "label"),
    [
        ((900.0, 1500.0, 2000.0), {}, "SN candidate"),
        # All 'SN candidate' in v0.1.0: a negative difference (one real alert had -16,067 nJy), one detection, a source
        # that moves, one that was negative before, an artefact, an old one; and what is not known is no supernova.
        ((-900.0, -1500.0, -16067.0), {}, "Unknown"),
        ((900.0, 1500.0, -2000.0), {}, "Unknown"),
        ((2000.0,), {}, "Unknown"),
        ((-900.0, -900.0, -900.0, -900.0, 900.0, 1500.0, 2000.0), {}, "Unknown"),
        ((900.0, 1500.0, 2000.0), {"reliability": 0.1}, "Unknown"),
        ((900.0, 1500.0, 2000.0), {"reliability": float("nan")}, "Unknown"),
        ((900.0, 1500.0, 2000.0), {"ra": 10.001}, "Unknown"),
        ((900.0, 1500.0, 2000.0), {"time": 60200.0}, "Unknown"),
    ],
)
def test_what_may_be_called_a_supernova(flux: tuple[float, ...], changes: dict[str, float], label: str) -> None:
    assert compute(supernova_like(SURE, flux, **changes), None)["label"].tolist() == [label]


def test_types() -> None:
    assert all(map(is_of_other_galaxies, OTHER_GALAXIES))
    assert all(map(is_constant, CONSTANT))
    assert all(map(is_variable_star, STARS))
    assert not any(map(is_variable_star, (*OTHER_GALAXIES, *CONSTANT, "Unknown", None)))


@pytest.mark.parametrize(
    ("gcvs", "vsx", "label"),
    [
        ("RRAB", "Unknown", "Variable star"),
        ("Unknown", "M", "Variable star"),
        *((kind, "Unknown", "Unknown") for kind in ("SNI", "QSO", "BLLAC", "GAL")),  # 'Variable star' in v0.1.0
        (None, None, "Unknown"),
    ],
)
def test_a_rubin_alert_on_a_catalogued_galaxy_is_no_variable_star(
    gcvs: str | None, vsx: str | None, label: str
) -> None:
    found: dict[str, pa.Array] = {name: pa.array([None], type=pa.float64()) for name in NEEDS}
    found |= {"gcvs": pa.array([gcvs], type=pa.string()), "vsx": pa.array([vsx], type=pa.string())}
    assert compute(supernova_like(results=found), None)["label"].tolist() == [label]


def test_the_night_counts_the_same_stars() -> None:
    kinds = [*OTHER_GALAXIES, *CONSTANT, *STARS, None, None]
    separations = [*[0.1] * (len(kinds) - 1), None]
    nothing = {"vsx": ["Unknown"] * len(kinds), "vsx_sep_arcsec": pa.nulls(len(kinds), pa.float64())}
    table = pa.table({"gcvs": pa.array(kinds, pa.string()), "gcvs_sep_arcsec": separations, **nothing})
    flag = CATALOGUED_VARIABLE["catalogued_variable"]
    chosen = ds.dataset(table).to_table(filter=flag.holds)
    assert chosen["gcvs"].to_pylist() == [*STARS, None]
