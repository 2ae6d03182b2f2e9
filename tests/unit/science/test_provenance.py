"""A short digest stands for all versions, and leads back to them."""

from dataclasses import replace
from pathlib import Path

import pytest
from many_alerts import catalogs_in
from science_bench import CACHE

from fink_lib.science.framework.provenance import Kind, digest_of, facts_of, trace
from fink_lib.science.framework.registry import modules_of, with_needs
from fink_lib.science.framework.runner import versions


def test_equal_versions_have_equal_digests_in_any_order() -> None:
    assert digest_of("1", {"a": "1", "b": "2"}) == digest_of("1", {"b": "2", "a": "1"})
    assert len(digest_of("1", {})) == 16


@pytest.mark.parametrize(("code", "facts"), [("2", {"a": "1"}), ("1", {"a": "2"}), ("1", {}), ("1", {"b": "1"})])
def test_whatever_changes_changes_the_digest(code: str, facts: dict[str, str]) -> None:
    assert digest_of(code, facts) != digest_of("1", {"a": "1"})


def test_every_version_is_a_fact_and_a_column_leads_to_its_own() -> None:
    modules = modules_of("ztf", ["detections", "variable_stars", "crossmatch_3hsp"])
    digest, facts = facts_of(modules, CACHE, "0.1")
    assert {fact.digest for fact in facts} == {digest}
    assert {fact.name: fact.version for fact in facts if fact.kind is not Kind.CODE} == versions(modules, CACHE)
    assert {(fact.kind, fact.name) for fact in trace("x3hsp", facts)} == {
        (Kind.CODE, "fink_lib"), (Kind.MODULE, "crossmatch_3hsp"), (Kind.CATALOG, "catalog.3hsp")
    }  # fmt: skip
    assert all(fact.reference for fact in facts if fact.kind is not Kind.CODE)


def test_a_raised_version_gives_another_digest() -> None:
    modules = modules_of("ztf", ["detections"])
    raised = (replace(modules[0], version="9.9"),)
    assert facts_of(modules, CACHE, "0.1")[0] != facts_of(raised, CACHE, "0.1")[0]


def test_a_class_leads_to_the_models_and_catalogues_behind_the_results_that_it_read(shared_data: Path) -> None:
    with catalogs_in(shared_data / "catalogs"):
        _, facts = facts_of(modules_of("ztf"), CACHE, "0.1")
    for column in ("finkclass", "class_default_reasons"):
        found = {fact.name for fact in trace(column, facts)}
        assert found >= {"classification", "supernnova", "solar_system", "microlensing", "host", "variable_stars"}
        assert found >= {"catalog.gcvs", "catalog.vsx", "catalog.tns"}
        assert found >= {f"model.{name}" for name in ("snn_snia_vs_nonia", "snn_sn_vs_all", "early_snia", "kilonova")}
        assert not found & {"model.anomaly_g", "catalog.3hsp", "hostless", "quality"}
    # Through others: the host's kind gates the networks, and it comes from the catalogues.
    assert "catalog.gcvs" in {fact.name for fact in trace("snn_snia_vs_nonia", facts)}
    assert "catalog.gcvs" not in {fact.name for fact in trace("roid", facts)}


def test_every_need_of_every_module_is_traced() -> None:
    for survey in ("ztf", "lsst"):
        modules = modules_of(survey)
        _, facts = facts_of(modules, CACHE, "0.1")
        for module in modules:
            for out in module.outputs:
                found = {fact.name for fact in trace(out.name, facts)}
                assert found >= {other.name for other in with_needs(survey, [module.name])}, out.name
