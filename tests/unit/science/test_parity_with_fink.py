"""The same packets give the values that Fink published for them."""

import io
import json
import math
import tarfile
from pathlib import Path
from typing import Any

import fastavro
import pandas as pd
import pytest

from fink_lib.config import Settings
from fink_lib.science.framework.base import FAILED
from fink_lib.science.framework.batch_builder import batch_of_packets, wanted
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import run
from fink_lib.surveys import get_survey
from fink_lib.surveys.inputs import inputs_of


@pytest.fixture(scope="module")
def both(real_alerts: Path) -> tuple[dict[str, list[Any]], pd.DataFrame]:
    """Return our columns and Fink's, alert by alert."""
    with tarfile.open(real_alerts / "ztf" / "ztf_2025_packets.tar.gz") as tar:
        streams = [tar.extractfile(member) for member in tar if member.name.endswith(".avro")]
        packets: list[Any] = [next(fastavro.reader(io.BytesIO(stream.read()))) for stream in streams if stream]
    modules, inputs = modules_of("ztf"), inputs_of("ztf")
    batch = batch_of_packets(packets, wanted(modules, inputs), inputs, get_survey("ztf"))
    outcome = run(modules, batch, Settings().cache)
    published = pd.read_parquet(real_alerts / "fink_outputs" / "ztf_2025.parquet").set_index("candid")
    assert not [why for told in outcome.errors.values() for why in told.values() if why.startswith(FAILED)]
    return {name: array.to_pylist() for name, array in outcome.columns.items()}, published.loc[batch.alert_id]


@pytest.mark.parametrize("column", ["roid", "nalerthist", "gcvs", "x3hsp", "x4lac"])
def test_labels_are_equal(both: tuple[dict[str, list[Any]], pd.DataFrame], column: str) -> None:
    ours, published = both
    assert len(published) == 55
    assert ours[column] == published[column].tolist()


def test_the_galaxy_is_equal(both: tuple[dict[str, list[Any]], pd.DataFrame]) -> None:
    ours, published = both
    theirs = [dict(json.loads(text)) for text in published["mangrove"]]
    assert [dict(pairs) for pairs in ours["mangrove"]] == theirs
    assert sum(galaxy["lum_dist"] != "None" for galaxy in theirs) == 3


def or_nan(values: dict[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else value for name, value in values.items()}


@pytest.mark.parametrize("band", ["g", "r"])
def test_every_feature_is_within_a_millionth(both: tuple[dict[str, list[Any]], pd.DataFrame], band: str) -> None:
    ours, published = both
    compared = 0
    for mine, text in zip(ours[f"lc_features_{band}"], published[f"lc_features_{band}"], strict=True):
        if not isinstance(text, str):  # Fink publishes nothing for a band that the packet does not show
            assert set(mine.values()) == {None}
            continue
        theirs = or_nan(json.loads(text))
        assert or_nan(mine) == pytest.approx(theirs, rel=1e-6, abs=0.0, nan_ok=True)
        compared += len(theirs)
    assert compared >= 26 * 50
