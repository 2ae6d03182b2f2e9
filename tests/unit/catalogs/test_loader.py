"""Catalogues: the right rows, stored once, mapped afterwards."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fink_lib.catalogs import CATALOGS, load_catalog, loader
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.science.cases.variable_stars import compute, load, provenance
from fink_lib.science.framework.base import NO_MATCH
from fink_lib.science.framework.batch import AlertBatch

CACHE = Settings().cache
ARCSEC = 1.0 / 3600.0


@pytest.mark.parametrize(("name", "rows"), [("gcvs", 59_099), ("vsx", 1_933_544)])
def test_all_rows_are_there_with_their_facts(name: str, rows: int) -> None:
    catalog = load_catalog(name, CACHE)
    assert catalog.facts.rows == rows == len(catalog.index.key)
    assert catalog.facts.version == "fink-science 7.4.0"
    assert len(catalog.facts.sha256) == 64
    assert all(label == label.strip() for label in catalog.labels)


def test_a_second_process_maps_what_the_first_one_built() -> None:
    load_catalog("vsx", CACHE)
    loader._load.cache_clear()
    began = time.process_time()
    catalog = load_catalog("vsx", CACHE)
    assert time.process_time() - began < 0.5
    assert isinstance(catalog.index.vectors, np.memmap)


def test_two_builders_at_once_do_no_harm(tmp_path: Path) -> None:
    source, path = CATALOGS["gcvs"], loader.catalog_file(CATALOGS["gcvs"])
    folder = tmp_path / "catalogs" / "gcvs-x-1"
    loader._build(source, [path], "1", "x", folder)
    loader._build(source, [path], "1", "x", folder)
    assert [entry.name for entry in folder.parent.iterdir()] == ["gcvs-x-1"]


def test_unknown_and_missing_catalogues_are_named() -> None:
    with pytest.raises(ConfigError, match=r"'zodiac'.*gcvs"):
        load_catalog("zodiac", CACHE)
    with pytest.raises(ConfigError, match="install the package nowhere"):
        loader.catalog_file(replace(CATALOGS["gcvs"], package="nowhere", file="nowhere_at_all/x.parquet"))


def test_three_alerts_on_one_star_all_get_it() -> None:
    """Matching the catalogue to the batch would give the star to the nearest alert only."""
    catalogs = load(CACHE)
    gcvs = catalogs["gcvs"]
    star = int(np.flatnonzero(np.array(gcvs.labels, dtype=object)[gcvs.codes[gcvs.index.rows]] == "EW")[0])
    x, y, z = gcvs.index.vectors[star]
    ra, dec = np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arcsin(z))
    batch = AlertBatch(
        alert_id=np.arange(4),
        offsets=np.arange(5),
        scalars={"ra": np.full(4, ra), "dec": dec + np.array([0.0, 0.2, 0.4, 100.0]) * ARCSEC},
    )
    found = compute(batch, catalogs).columns
    assert list(found["gcvs"]) == ["EW", "EW", "EW", NO_MATCH]
    np.testing.assert_allclose(np.asarray(found["gcvs_sep_arcsec"], dtype=float), [0.0, 0.2, 0.4, np.nan], atol=1e-4)
    assert provenance(catalogs)["catalog.vsx"].startswith("fink-science 7.4.0 ")
