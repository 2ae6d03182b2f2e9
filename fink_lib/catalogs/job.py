"""The job of the `catalogs` DAG: load what is new, match again what that changes, say what happened."""

import argparse
from collections.abc import Iterator, Sequence

from fink_lib.catalogs.flips import KINDS
from fink_lib.catalogs.refresh import Refreshed, refresh
from fink_lib.config import Settings
from fink_lib.processes.endings import run_job


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job; return an exit code, after one sentence on stderr when it fails."""
    parser = argparse.ArgumentParser(prog="jobs/maintenance/catalogs.py", description=__doc__)
    parser.add_argument("--names", default="", help="catalogues, comma-separated; empty means all that are known")
    names = [name.strip() for name in parser.parse_args(arguments).names.split(",") if name.strip()]
    return run_job("catalogs", lambda: _refreshed(names))


def _refreshed(names: Sequence[str]) -> Iterator[str]:
    for one in refresh(Settings(), names):
        yield from sentences(one)


def sentences(one: Refreshed) -> list[str]:
    """Say what became of a catalogue, a line for it and one for each night that was matched."""
    version = one.version
    state = "loaded" if one.is_new else "unchanged"
    cells = "" if version.changed_cells is None or not one.is_new else f", {len(version.changed_cells)} cells changed"
    lines = [f"{version.name}: version {version.version} {state}, {version.rows} sources{cells}"]
    for night in one.nights:
        told = f"  {night['survey']} {night['night']}: {night['alerts']} alerts matched"
        if night["from_version"] is None:
            lines.append(f"{told}: {night['matches']} have a source")
        else:
            lines.append(f"{told} again: " + ", ".join(f"{night[kind]} {kind}" for kind in KINDS))
    return lines
