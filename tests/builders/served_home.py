"""A home of real ZTF alerts, one night of it closed and served, another one open; made without a JVM."""

import datetime as dt
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from expectations.served import SERVED
from fink_lib.config import Settings
from fink_lib.lake.small import append_rows
from fink_lib.nightly.job import NightContext
from fink_lib.nightly.serve import step
from fink_lib.quality.served import broken_rows
from fink_lib.science.framework.silver import silver_spec
from fink_lib.surveys import get_survey
from fink_lib.surveys.tables import bronze_spec
from fink_lib.testing.bytes import kept_bytes
from tests.builders.lake_folder import lake_folder
from tests.builders.packet_rows import arrived

Row = dict[str, Any]
ZTF = get_survey("ztf")
NIGHT, OPEN_NIGHT = dt.date(2021, 11, 22), dt.date(2021, 11, 23)
AT = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC)
CLASSES = ("Unknown", "SN candidate", "RRLyr")
PRIVATE = 3  # programid


def later(packet: Row, days: int, **candidate: Any) -> Row:
    """Return a packet as if it had been taken some days later, with an id of its own."""
    moved = deepcopy(packet)
    moved["candid"] += days * 10**15
    moved["candidate"] |= {"jd": moved["candidate"]["jd"] + days, "candid": moved["candid"], **candidate}
    return moved


def rows_of(packets: Iterable[Row], lake: Path, first: int = 0) -> tuple[list[Row], list[Row]]:
    """Return packets as rows of silver and of bronze."""
    silver, bronze = [], []
    for offset, packet in enumerate(packets, first):
        head = arrived(ZTF, packet, offset, AT)
        science = {"finkclass": CLASSES[offset % len(CLASSES)], "roid": offset % 4, "vsx": f"star {offset}"}
        silver.append({**packet, **head, **science, "enrich_time": AT, "science_errors": {}, "science_versions": {}})
        bronze.append({**packet, **head, **kept_bytes(packet, ZTF.name, lake)})
    return silver, bronze


def arrive(settings: Settings, packets: Iterable[Row], first: int = 0) -> None:
    """Append packets to silver and bronze, as the streams would."""
    silver, bronze = rows_of(packets, lake_folder(settings), first)
    append(settings, silver)
    spec = bronze_spec(ZTF)
    append_rows(spec, lake_folder(settings), [{name: row.get(name) for name in spec.schema.names} for row in bronze])


def append(settings: Settings, silver: Iterable[Mapping[str, Any]]) -> None:
    """Append rows to silver."""
    spec = silver_spec(ZTF)
    append_rows(spec, lake_folder(settings), [{name: row.get(name) for name in spec.schema.names} for row in silver])


def serve(settings: Settings, night: dt.date, most: int = 12) -> dict[str, Any]:
    """Run the step on a night; return its result."""
    context = NightContext(settings, ZTF, night, "run-1")
    outcome = step.run(context, lambda one: broken_rows(one, SERVED), most)
    assert outcome.failure is None, outcome.failure
    return outcome.result
