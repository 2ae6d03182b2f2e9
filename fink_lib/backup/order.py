"""What of a home a backup holds, and in which order it is taken: that order is what makes it consistent.

Checkpoints first, then the tables against the flow of the alerts, the topics' positions last. So whatever a part of
the copy speaks of is in the parts taken after it: a checkpoint says that a batch is done, and the batch is in its
table; silver has an alert, and bronze has it too. What the later parts have beyond that is done again by the restored
streams, which look into their tables before they write.
"""

from collections.abc import Iterator
from pathlib import Path

from fink_lib.config import Settings

AGAINST_THE_FLOW = ("published", "filter_failures", "rejected", "science_facts", "quarantine", "releases", "topics")
LAST = ("schemas", "alerts")  # a schema is written before the alerts that name it; silver's alerts before bronze's

# Of the home, not of the broker: what runs, what a machine said, what is made again
LEFT_OUT = {"lake", "checkpoints", "kafka", "logs", "metrics", "job_server", "services.json", "services.lock", "api"}
LEFT_OUT_BELOW = {("airflow", "logs"), ("airflow", "bin"), ("airflow", "standalone.log")}
OF_A_PROCESS = {"lease.json", "lease.lock", "submit.lock", "stop", "driver.log", "driver.log.1"}
SQLITE = b"SQLite format 3\x00"
OF_A_DATABASE = ("-journal", "-wal", "-shm")  # what SQLite keeps beside one while it writes; a copy has none


def tables_in_order(lake: Path) -> list[Path]:
    """Return the folders of all tables, in the order in which their versions are noted."""
    found = [path.parent for path in lake.glob("*/_delta_log")]
    return sorted(found, key=lambda folder: (_rank(folder.name), folder.name))


def is_database(path: Path) -> bool:
    """Tell whether a file is an SQLite database, whatever it is called."""
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except FileNotFoundError:
        return False


def _rank(table: str) -> int:
    layer, _, name = table.partition("__")
    if name in AGAINST_THE_FLOW:
        return AGAINST_THE_FLOW.index(name)
    if name == "alerts":
        return len(AGAINST_THE_FLOW) + (2 if layer.startswith("bronze") else 1)
    return len(AGAINST_THE_FLOW) + 3


def other_files(settings: Settings) -> Iterator[Path]:
    """Yield the files of a home that are neither of a table nor of a checkpoint, nor of a process."""
    for top in sorted(settings.home.iterdir()):
        if top.name in LEFT_OUT:
            continue
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            parts = path.relative_to(settings.home).parts
            if parts[:2] in LEFT_OUT_BELOW or path.name in OF_A_PROCESS or path.name.endswith(OF_A_DATABASE):
                continue
            if path.is_file():
                yield path
