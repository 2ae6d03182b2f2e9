"""What is wrong in Fink's own filters, shown on the package as it is, and that ours does not do it."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from fink_lib.filters.base import Filter
from fink_lib.filters.evaluate import evaluate
from fink_lib.filters.facts import columns_of
from fink_lib.filters.registry import filters_of
from fink_lib.filters.upstream.binding import arguments
from fink_lib.filters.upstream.loader import PACKAGE, Plugin, load_plugins
from fink_lib.filters.upstream.sandbox import fenced
from fink_lib.offline.alerts import batch_of
from fink_lib.offline.packets import packets_of
from fink_lib.surveys import get_survey
from tests.unit.filters.lsst_cases import CASES as LSST
from tests.unit.filters.ztf_cases import CASES as ZTF

pytest.importorskip(PACKAGE, reason="the group of packages `plugins` is not installed")


@pytest.fixture(scope="module")
def theirs() -> dict[tuple[str, str], Plugin]:
    return {(survey, one.name): one for survey in ("ztf", "lsst") for one in load_plugins(survey)}


def table_of(survey: str, row: Mapping[str, Any], *changes: Mapping[str, Any]) -> pa.Table:
    """Return alerts that differ from one of a truth table by some changes."""
    types = columns_of(survey)
    rows = [{**row, **change} for change in changes]
    paths = sorted({path for one in rows for path in one})
    return pa.table({path: pa.array([one.get(path) for one in rows], types[path].type) for path in paths})


def both(
    theirs: dict[tuple[str, str], Plugin], survey: str, name: str, table: pa.Table
) -> tuple[list[bool], list[bool]]:
    """Return the answers of ours and of theirs."""
    mine: Filter = next(one for one in filters_of(survey) if one.name == name)
    told = evaluate([mine], batch_of(table), table.num_rows)
    assert told.failures == []
    plugin = theirs[survey, name]
    assert plugin.error == ""
    answer = plugin.select(arguments(plugin.parameters, table, survey), table.num_rows)
    return [bool(names) for names in told.names], np.asarray(answer).tolist()


@pytest.mark.parametrize("name", ["most_likely_sn", "remove_unlikely_transients"])
def test_the_cut_on_quality_is_inverted(theirs: dict[tuple[str, str], Plugin], name: str) -> None:
    table = table_of("lsst", LSST[name].passes, {}, {"diaSource.pixelFlags_bad": True})
    assert both(theirs, "lsst", name, table) == ([True, False], [False, True])


def test_the_error_of_the_parallax_is_taken_for_the_parallax(theirs: dict[tuple[str, str], Plugin]) -> None:
    star = {"gaiadr3_DR3Name": "Gaia DR3 1", "gaiadr3_Plx": 50.0, "gaiadr3_e_Plx": 0.1}
    past = {
        "prvDiaSources.midpointMjdTai": [61000.3 - 0.5],
        "prvDiaSources.band": ["g"],
        "prvDiaSources.psfFlux": [20_000.0],
        "prvDiaSources.psfFluxErr": [500.0],
        "prvDiaSources.templateFlux": [1.0],
        "simbad_otype": None,
    }
    table = table_of("lsst", LSST["fast_transient_gvom"].passes, past, {**past, **star})
    assert both(theirs, "lsst", "fast_transient_gvom", table) == ([True, False], [True, True])


@pytest.mark.parametrize("otype", ["G", "Sy1"])
def test_short_codes_of_galaxies_are_not_known(theirs: dict[tuple[str, str], Plugin], otype: str) -> None:
    change = {"simbad_otype": otype, "mangrove_sep_arcsec": None, "mangrove_lum_dist_mpc": None}
    table = table_of("lsst", LSST["extragalactic_svom"].passes, change)
    assert both(theirs, "lsst", "extragalactic_svom", table) == ([True], [False])


def ztf_table(name: str, *changes: Mapping[str, Any]) -> pa.Table:
    return table_of("ztf", {"objectId": "ZTF18aaaaaaa", **ZTF[name].passes}, *changes)


@pytest.mark.parametrize("name", ["sn_candidates", "early_sn_candidates", "kn_candidates", "fast_riser_candidates"])
def test_an_outage_of_simbad_counts_as_extragalactic(theirs: dict[tuple[str, str], Plugin], name: str) -> None:
    on_a_star = {"cdsxmatch": "Fail 504", "host_kind": "not available", "vsx": "RRAB"}
    assert both(theirs, "ztf", name, ztf_table(name, on_a_star)) == ([False], [True])


@pytest.mark.parametrize("label", ["Seyfert1", "EmissionG", "BrightestCG"])
def test_labels_of_2022_are_not_known(theirs: dict[tuple[str, str], Plugin], label: str) -> None:
    table = ztf_table("sn_candidates", {"cdsxmatch": label, "host_kind": "extragalactic"})
    assert both(theirs, "ztf", "sn_candidates", table) == ([True], [False])


def test_a_star_service_that_is_down_is_no_star(theirs: dict[tuple[str, str], Plugin]) -> None:
    near_a_star = {"cdsxmatch": "Galaxy", "ps1_sep_arcsec": 1.0}
    table = ztf_table("rate_based_kn_candidates", near_a_star)
    assert both(theirs, "ztf", "rate_based_kn_candidates", table) == ([False], [True])


def test_a_positive_subtraction_written_1_is_not_known(theirs: dict[tuple[str, str], Plugin]) -> None:
    table = ztf_table("rate_based_kn_candidates", {"cdsxmatch": "Galaxy", "candidate.isdiffpos": "1"})
    assert both(theirs, "ztf", "rate_based_kn_candidates", table) == ([True], [False])


def test_a_catalogued_star_is_given_to_one_alert_only(theirs: dict[tuple[str, str], Plugin]) -> None:
    # V1309 Ori, three alerts of one star in one batch
    star = {"candidate.dec": 1.0 + 4.0 / 60.0 + 40.0 / 3600.0}
    places = [{**star, "candidate.ra": 78.9225 + arcsec / 3600.0} for arcsec in (0.0, 0.1, 0.2)]
    mine, yours = both(theirs, "ztf", "magnetic_cvs", ztf_table("magnetic_cvs", *places))
    assert mine == [True] * 3
    assert sum(yours) == 1


def test_every_live_filter_of_the_package_loads(theirs: dict[tuple[str, str], Plugin]) -> None:
    assert {name: one.error for name, one in theirs.items() if one.error} == {}
    assert len(theirs) == 35


def test_the_same_stamps_give_another_statistic_each_time(
    theirs: dict[tuple[str, str], Plugin], shared_data: Path
) -> None:
    assert theirs["ztf", "new_hostless"].error == ""
    module = sys.modules[f"{PACKAGE}.ztf.livestream.filter_new_hostless.utils"]
    statistics = set()
    with fenced():
        hostless = module.HostLessExtragalactic(module.CONFIGS_BASE)
        for packet in packets_of(shared_data / "ztf" / "ztf_public_20231018.tar.gz", get_survey("ztf")):
            if packet["candid"] == 2481377824015015012:
                stamps = (packet["cutoutScience"]["stampData"], packet["cutoutTemplate"]["stampData"])
                statistics = {hostless.process_candidate_fink(*stamps)[0] for _ in range(3)}
    assert len(statistics) > 1
