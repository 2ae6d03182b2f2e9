"""The context class beside labels that no rule saw."""

from pathlib import Path

import pytest

from fink_lib.compare_fink.context_labels import figures, matrix
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.science.methods.classify.simbad_kinds import Kind


def test_one_alert_an_object_its_newest_and_only_kinds_that_are_there() -> None:
    judged = [("a", Kind.STAR, "orphan"), ("a", Kind.STAR, "variable star"), ("b", Kind.STAR, "nuclear")]
    (row,) = matrix(judged)
    assert (row["labelled"], row["objects"]) == ("star", 2)
    assert (row["variable star"], row["nuclear"], row["orphan"]) == (1, 1, 0)
    assert str(row["as_labelled"]).startswith("50.0 ")


def test_of_an_empty_place_no_class_is_right() -> None:
    (row,) = matrix([("a", Kind.NOTHING, "orphan")])
    assert row["as_labelled"] is None


def test_no_labels_is_no_row() -> None:
    assert matrix([]) == []


def test_a_folder_without_packets_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no packets"):
        figures(tmp_path, tmp_path)


def test_stars_of_vsx_are_known_without_vsx(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On real alerts: most stars that VSX has are stars of Pan-STARRS, and none is called a galaxy."""
    monkeypatch.setenv("FINK_CATALOGS", str(shared_data / "catalogs"))
    stars = figures(shared_data, Settings().cache)["Against VSX and GCVS, which no rule saw"][0]
    assert stars["labelled"] == "star"
    assert int(stars["variable star"]) > 0.8 * int(stars["objects"])
    assert int(stars["nuclear"]) + int(stars["near a host"]) <= 0.02 * int(stars["objects"])
