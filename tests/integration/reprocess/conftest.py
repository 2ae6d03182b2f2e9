"""A real Airflow over a lake whose bronze holds real packets and whose other tables are empty."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from decided import DAG_ID, Desk

from fink_lib.config import Settings
from fink_lib.host.airflow import LocalAirflow
from fink_lib.testing.bytes import kept_bytes
from tests.builders.packet_rows import read_packets
from tests.spark.enrich.enrich_bench import bronze_row
from tests.unit.reprocess.alert_lake import SPECS, live_lake, write


@pytest.fixture(scope="module")
def packets(shared_data: Path) -> list[dict[str, Any]]:
    """Real packets of one night, sixty of them."""
    found = read_packets(shared_data / "ztf" / "ztf_public_20181129.tar.gz")
    return [dict(packet) for packet, _ in zip(found, range(60), strict=False)]


@pytest.fixture(scope="module")
def desk(
    jars: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, packets: list[dict[str, Any]]
) -> Iterator[Desk]:
    settings = Settings(home=tmp_path_factory.mktemp("desk") / "home", airflow_port=0, batch_memory="1g")
    bronze = SPECS["bronze"]
    rows = [bronze_row(settings_survey(), packet, number) for number, packet in enumerate(packets)]
    rows = [row | kept_bytes(row, "ztf", settings.lake) for row in rows]
    write(bronze, settings.lake, rows[:35])
    write(bronze, settings.lake, rows[35:])
    live_lake(settings, [], [])
    mine = Desk(settings, LocalAirflow(settings))
    try:
        mine.airflow.start()
        with mine.airflow.api() as api:
            api.unpause(DAG_ID)
        yield mine
    finally:
        mine.airflow.stop()


def settings_survey() -> Any:
    from fink_lib.surveys import get_survey

    return get_survey("ztf")
