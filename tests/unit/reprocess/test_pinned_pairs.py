"""A reprocessing tells of partners by the version of pairs that its plan pinned, or is refused."""

import pyarrow as pa
import pytest

from fink_lib.config import Settings
from fink_lib.errors import ReprocessRefused
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import gold_object_pairs
from fink_lib.reprocess.pinned_pairs import pairs_version, partners_at

PAIR = {"kind": "position", "survey_a": "lsst", "object_a": "313", "survey_b": "ztf", "object_b": "Z", "rank_b": 1}
ALERT = pa.table({"object_id": ["313"]})


def test_the_version_of_the_plan_is_read(settings: Settings) -> None:
    assert pairs_version(settings) is None
    append_rows(gold_object_pairs(), settings.lake, [{**PAIR, "separation_arcsec": 1.5}])
    planned = pairs_version(settings)
    append_rows(gold_object_pairs(), settings.lake, [{**PAIR, "object_b": "nearer", "separation_arcsec": 0.1}])
    assert partners_at(settings, "lsst", planned).beside(ALERT)["partner_id"].to_pylist() == ["Z"]
    assert partners_at(settings, "lsst", pairs_version(settings)).beside(ALERT)["partner_id"].to_pylist() == ["nearer"]
    assert partners_at(settings, "lsst", None).beside(ALERT)["partner_tables"].to_pylist() == [None]


def test_a_version_that_is_gone_is_said(settings: Settings) -> None:
    append_rows(gold_object_pairs(), settings.lake, [PAIR])
    with pytest.raises(ReprocessRefused, match="gold__object_pairs has no version 77 any more: make the plan again"):
        partners_at(settings, "lsst", 77)
