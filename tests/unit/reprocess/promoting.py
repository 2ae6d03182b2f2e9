"""A request with a candidate, and what its tables say."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alert_lake import NIGHT, SPECS, Row, rejected_row, silver_row, write, write_at
from deltalake import DeltaTable

from fink_lib.config import Settings
from fink_lib.lake.digest import table_digest
from fink_lib.lake.swap import night_files
from fink_lib.lake.tables import quarantine
from fink_lib.lake.versions import Table
from fink_lib.reprocess import folder as folders
from fink_lib.reprocess import promote, steps
from fink_lib.reprocess.folder import RequestFolder
from fink_lib.reprocess.request import Request
from fink_lib.reprocess.state import State

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
ANALYST = promote.Person("vera", "a stricter cut", NOW)
BOTH = ("silver", "rejected")


@contextmanager
def dies_after(commits: int) -> Iterator[None]:
    """A promotion or an undo within it ends, as its process might, when it has made some commits."""
    left, commit = [commits], promote.apply

    def die(table: DeltaTable, swap: Any) -> int:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return commit(table, swap)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(promote, "apply", die)
        with pytest.raises(KeyboardInterrupt):
            yield


def with_candidate(settings: Settings, packets: list[Row], **changes: Any) -> RequestFolder:
    silver, rejected = changes.pop("versions", (1, 1))
    beside = changes.pop("beside", False)  # as releases before 0.2.0 did
    made = folders.create(settings, Request("ztf", NIGHT, NIGHT, **changes), NOW)
    versions = {"bronze": 0, "silver": silver, "rejected": rejected, "quarantine": 0}
    plan = {"versions": versions, "nights": [str(NIGHT)], "modules": "all", "cuts": {}, "cuts_changed": []}
    made.write("plan", {**plan, "science_versions": {"roid": "2"}, "live_science_versions": {"roid": ["1"]}})
    made.enter(State.PLANNED, NOW)
    if beside:
        for name in BOTH:
            SPECS[name].path(made.candidate).mkdir(parents=True)
    rejected = [rejected_row(packet, 20 + number) for number, packet in enumerate(packets[20:40])]
    fill(made, [silver_row(p, n) for n, p in enumerate(packets[:20])], rejected)
    return made


def fill(made: RequestFolder, silver: list[Row], rejected: list[Row]) -> None:
    """Write the candidate tables of a request where its run would, and compare."""
    write(quarantine("ztf"), made.candidate, [])
    write_at(SPECS["silver"], made.candidate_of(Table.SILVER), silver)
    write_at(SPECS["rejected"], made.candidate_of(Table.REJECTED), rejected)
    made.write("candidate", {"quarantine": 0, "quarantine_live": 0})
    made.enter(State.CANDIDATE, NOW)
    steps.diff(made, lambda: NOW)


def live(folder: RequestFolder, name: str) -> Path:
    return SPECS[name].path(folder.settings.lake)


def digests(folder: RequestFolder) -> list[str]:
    return [table_digest(live(folder, name)) for name in BOTH]


def candidates(folder: RequestFolder) -> list[str]:
    return [table_digest(folder.candidate_of(Table(name))) for name in BOTH]


def files(folder: RequestFolder) -> list[Any]:
    return [night_files(DeltaTable(str(live(folder, name))), {NIGHT}) for name in BOTH]
