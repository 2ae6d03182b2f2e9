"""What a writer leaves in a table that dies before its commit, or in it."""

from pathlib import Path

from fink_lib.lake.log import LOG
from tests.builders.lake_folder import lake_folder
from tests.kills.chaos import Chaos
from tests.kills.kind import Kind, Send

NOBODYS = "nobody reads it: no commit names it; `vacuum` takes it away"


def a_table(chaos: Chaos) -> Path:
    """Return the folder of a table, whichever."""
    return chaos.chance.choice(sorted(path.parent for path in lake_folder(chaos.settings).glob("*/_delta_log")))


def orphan(chaos: Chaos, table: Path) -> Path:
    """Leave half a data file, which no commit names, beside those of a night if there is one."""
    night = next((path.parent for path in table.rglob("*.parquet") if LOG not in path.parts), table)
    file = night / f"part-{chaos.chance.randrange(10**9)}.parquet"
    file.write_bytes(b"PAR1" + bytes(1000))
    return file


def file_half_written(chaos: Chaos, send: Send) -> str:
    """Leave half a data file."""
    table = a_table(chaos)
    orphan(chaos, table)
    send()
    return table.name


def commit_half_written(chaos: Chaos, send: Send) -> str:
    """Leave half a commit, under a name that is none yet."""
    table, number = a_table(chaos), chaos.chance.randrange(10**9)
    (table / LOG / f"_commit_{number}.json.tmp").write_text('{"add":{"path":"no')
    (table / LOG / f".{len(list((table / LOG).glob('*.json'))):020d}.json.{number}.tmp").write_text('{"commitIn')
    send()
    return table.name


KINDS = (
    Kind("half-written data file", file_half_written, NOBODYS, is_quick=True),
    Kind("half-written commit", commit_half_written, NOBODYS, is_quick=True),
)
