import shutil
from pathlib import Path
from typing import Any

import pytest
from alert_lake import live_lake, rejected_row, silver_row
from promoting import with_candidate

from fink_lib.config import Settings
from fink_lib.reprocess.folder import RequestFolder
from tests.builders.packet_rows import read_packets


@pytest.fixture(scope="session")
def packets(real_alerts: Path) -> list[dict[str, Any]]:
    """Real packets of one night, forty of them."""
    return list(read_packets(real_alerts / "ztf" / "ztf_public_20181129.tar.gz", 40))


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory, packets: list[dict[str, Any]]) -> RequestFolder:
    """A request whose candidate rejects alerts 20 to 29 of 30, which the stream had accepted; to be copied."""
    settings = Settings(home=tmp_path_factory.mktemp("compared") / "home")
    silver = [silver_row(packet, number) for number, packet in enumerate(packets[:30])]
    rejected = [rejected_row(packet, 30 + number) for number, packet in enumerate(packets[30:40])]
    live_lake(settings, silver, rejected)
    return with_candidate(settings, packets, dry_run=False)


@pytest.fixture
def folder(settings: Settings, compared: RequestFolder) -> RequestFolder:
    """A copy of it: writing its tables takes ten times as long."""
    shutil.copytree(compared.settings.home, settings.home, dirs_exist_ok=True)
    return RequestFolder(settings, compared.request_id)
