"""A lake of real alerts: the sample night, with science set by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from fink_lib.config import Settings
from tests.builders.lake_folder import lake_folder
from tests.builders.packet_rows import Packet, sample_packets
from tests.spark.distribute.planted import plant


def science(number: int, packet: Packet) -> Mapping[str, Any]:
    """Make every third alert a known asteroid, some of them variable stars too."""
    return {
        "roid": 3 if number % 3 == 0 else 0,
        "gcvs": "RRAB" if number % 6 == 0 else "Unknown",
        "gcvs_sep_arcsec": 0.4 if number % 6 == 0 else None,
        "science_versions": {"solar_system": "1.0"},
        "science_errors": {},
        "lc_features_r": {"mean": 19.25} if number % 2 else None,
    }


@pytest.fixture(scope="session")
def packets() -> list[Packet]:
    """Thirty real alerts, two of which are not public and one of which says nothing about it."""
    found = sample_packets(30)
    found[0]["candidate"]["programid"] = 2
    found[3]["candidate"]["programid"] = 3
    found[6]["candidate"]["programid"] = None
    return found


@pytest.fixture(scope="session")
def planted_lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, packets: list[Packet]) -> Path:
    """The folder of a lake whose bronze and silver hold the packets."""
    lake = lake_folder(Settings(home=tmp_path_factory.mktemp("distribute")))
    plant(spark, lake, packets, science)
    return lake
