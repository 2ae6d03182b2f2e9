import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest


@pytest.fixture(scope="session")
def packets(shared_data: Path) -> list[dict[str, Any]]:
    """Real packets of one night, forty of them."""
    found: list[dict[str, Any]] = []
    with tarfile.open(shared_data / "ztf" / "ztf_public_20181129.tar.gz") as tar:
        for member in sorted(tar.getmembers(), key=lambda member: member.name):
            stream = tar.extractfile(member) if member.name.endswith(".avro") else None
            if stream is not None and len(found) < 40:
                found += [dict(packet) for packet in fastavro.reader(BytesIO(stream.read()))]
    return found
