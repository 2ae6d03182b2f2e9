"""Upgrade a lake of v0.1.0: bronze keeps the bytes of packets, a column and a table have other names.

The tables stay the same ones: their older versions are there and hold what they held. Each is changed in one commit,
so that it is of the one form or the other. A folder beside the tables is there from the beginning to the end: as long
as it is, every command says that the upgrade is to be run again, which goes on where it stood.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import LakeError
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.formats import UPGRADING, is_old, old_tables
from fink_lib.lake.log import LOG, keep_log
from fink_lib.lake.renamed import TABLES
from fink_lib.lake.swap import APPEND_ONLY
from fink_lib.maintenance.old_bronze import upgrade_bronze
from fink_lib.maintenance.old_names import rename_columns, rename_tables
from fink_lib.maintenance.progress import Say, silent
from fink_lib.reprocess.folder import PATIENCE_S, one_at_a_time
from fink_lib.storage import LakePath, on_disk
from fink_lib.streams.lease import read_lease
from fink_lib.streams.spec import Stage, StreamSpec
from fink_lib.surveys import SURVEYS, Survey
from fink_lib.surveys.tables import bronze_spec


@dataclass(frozen=True)
class Upgraded:
    """What was done to one table.

    Attributes
    ----------
    table
        Its folder in the lake, as it is called now.
    rows
        How many were written anew; 0 where only the name of the table changed.
    what
        What happened, as the end of a sentence.
    """

    table: str
    rows: int
    what: str


def upgrade(settings: Settings, say: Say = silent) -> list[Upgraded]:
    """Upgrade every table of a lake that needs it; a second run finds nothing to do.

    Parameters
    ----------
    settings
        Of the home.
    say
        Told how far the work is.

    Raises
    ------
    LakeError
        When a stream runs; when a table stands under its old name and its new one.
    """
    lake = on_disk(settings.lake, "an upgrade")
    if not (lake / UPGRADING).exists() and next(old_tables(lake), None) is None:
        return []
    _require_rest(settings)
    _require_one_name(lake)
    with one_at_a_time(settings, PATIENCE_S):
        (lake / UPGRADING).mkdir(exist_ok=True)
        done = _upgrade(settings, say)
        shutil.rmtree(settings.home / "writers", ignore_errors=True)  # where v0.1.0 kept the schemas that it had met
        shutil.rmtree(lake / UPGRADING)
    return done


def _upgrade(settings: Settings, say: Say) -> list[Upgraded]:
    lake, done = on_disk(settings.lake, "an upgrade"), []
    for survey in SURVEYS.values():
        spec = bronze_spec(survey)
        if is_old(spec, lake):
            rows = upgrade_bronze(survey, lake, say)
            done.append(Upgraded(spec.full_name, rows, "keep their bytes from now on, rebuilt from columns"))
        if is_delta_table(spec.path(lake)):
            _only_append(spec.path(lake))
            _forget_old_reader(settings, survey)
    renamed = rename_columns(lake, say)
    done += [Upgraded(table, rows, "have the columns of today") for table, rows in renamed.items()]
    return done + [Upgraded(new, 0, f"the new name of {old}") for old, new in rename_tables(lake).items()]


def keep_logs(lake: LakePath) -> list[str]:
    """Give every table the properties of a log that maintenance cleans; return the names of those that lacked them."""
    tables = sorted(path.parent for path in lake.glob(f"*/{LOG}"))
    return [path.name for path in tables if keep_log(path)]


def _require_rest(settings: Settings) -> None:
    """Refuse while a stream or a shadow runs."""
    for path in sorted(settings.streams.glob("*/lease.json")):
        lease = read_lease(path)
        if lease is not None and lease.is_alive:
            raise LakeError(f"stream {lease.stream} runs, process {lease.pid}: stop it with `fink down` first")


def _require_one_name(lake: LakePath) -> None:
    for old, new in TABLES.items():
        if (lake / old).exists() and (lake / new).exists():
            raise LakeError(f"{old} is called {new} now, and {lake} holds both: move the one away that is of no use")


def _only_append(path: Path) -> None:
    """Have a table refuse what is no append, as it did before its rows were written anew."""
    table = delta_table(path)
    if table.metadata().configuration.get(APPEND_ONLY) != "true":
        table.alter.set_table_properties({APPEND_ONLY: "true"})


def _forget_old_reader(settings: Settings, survey: Survey) -> None:
    """Remove the checkpoint that enrich no longer goes by: it would be taken for a reader that bronze must wait for."""
    kept = StreamSpec(survey.name, Stage.ENRICH, settings).checkpoint
    for folder in kept.parent.glob("v*"):
        if folder != kept:
            shutil.rmtree(folder)
