"""A nightly step that leaves a trace of having run, and closes the night as the real manifest does."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.processes.endings import EXIT_FATAL
from fink_lib.streams.drain import counted_nights


def main() -> int:
    """Write the step's result; fail when the test asks for it by a file."""
    parser = argparse.ArgumentParser()
    for name in ("--survey", "--night", "--run-id", "--dag-id"):
        parser.add_argument(name, required=True)
    chosen = parser.parse_args()
    settings, step = Settings(), Path(sys.argv[0]).stem
    folder = settings.night_dir(chosen.survey, chosen.night)
    folder.mkdir(parents=True, exist_ok=True)
    broken = settings.home / f"break-{step}"
    if broken.exists():
        sys.stderr.write(f"a line that is not the last\n{step} failed: {broken.read_text()}\n")
        return EXIT_FATAL
    with (folder / "steps.log").open("a") as log:
        log.write(f"{chosen.run_id} {step}\n")
    done = (folder / "steps.log").read_text()
    missing = [gate for gate in ("reconcile", "quality") if f"{chosen.run_id} {gate}\n" not in done]
    if step == "manifest" and missing:
        sys.stderr.write(f"the night stays open: {missing[0]} was not computed\n")
        return EXIT_FATAL
    if step == "manifest":
        rows = asdict(counted_nights(settings, chosen.survey)[chosen.night])
        (folder / "manifest.json").write_text(json.dumps({"partition_rows": rows}))
    sys.stdout.write(f"{step} of {chosen.night} done\n")
    return 0
