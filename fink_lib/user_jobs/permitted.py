"""The rows that a job may ask: files of public rows as they are, and all others that its person sees, written out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from fink_lib.accounts.asking import asking
from fink_lib.api.lake import Lake, Snapshot
from fink_lib.api.sql import literal, parquet, quoted
from fink_lib.served.private_store import PrivateTables
from fink_lib.storage import on_disk
from fink_lib.user_jobs.record import UserJob
from fink_lib.user_jobs.sandbox.inside import DATA
from fink_lib.vo.tables import tables_of


@dataclass(frozen=True)
class Permitted:
    """What is handed to a sandbox.

    Attributes
    ----------
    views
        Table → SQL over files, as the sandbox has them.
    files
        Path in the sandbox → file.
    versions
        Survey → what names the rows that are seen.
    """

    views: dict[str, str]
    files: dict[str, Path]
    versions: dict[str, str]


def permitted(lake: Lake, job: UserJob, folder: Path) -> Permitted:
    """Return what whoever asks now (`asking`) may see of the surveys and tables of people that a job reads.

    Parameters
    ----------
    lake
        Which lake.
    job
        Its version is one of ``gold_<survey>__sources``; None for the newest rows, open nights among them.
    folder
        Where rows that lie in no file of public ones are written to.

    Raises
    ------
    LakeError
        When there is no such version.
    NoSuchTable
        When a table of people is not there any longer, or not for whoever asks.
    """
    made = Permitted({}, {}, {})
    surveys = (lake.surveys[name] for name in job.surveys)
    parts = [
        part
        for one in surveys
        for part in _of_survey(one.now() if job.version is None else one.past(job.version), folder)
    ]
    for part in (*parts, *_of_people(PrivateTables(lake.settings), job.tables)):
        made.views.update(part.views)
        made.files.update(part.files)
        made.versions.update(part.versions)
    return made


def _of_people(tables: PrivateTables, names: tuple[str, ...]) -> Iterator[Permitted]:
    """Yield tables of people that whoever asks sees."""
    for number, name in enumerate(names):
        table, place = tables.get(asking().claims, name), f"{DATA}/people/{number}.parquet"
        rows = f"SELECT * FROM {parquet([Path(place)])}"  # noqa: S608 - our own path
        yield Permitted({table.full_name: rows}, {place: tables.opened(table)}, {table.full_name: table.version})


def _of_survey(snapshot: Snapshot, folder: Path) -> Iterator[Permitted]:
    survey, files = snapshot.survey.name, dict[str, Path]()
    renamed = {}
    for number, file in enumerate(snapshot.sources.files if snapshot.sources else ()):
        place = f"{DATA}/{survey}/{number}.parquet"
        files[place] = on_disk(file.path, "a job of a person")
        renamed[literal(str(file.path))] = literal(place)
    live = f"{DATA}/{survey}/open.parquet"
    if snapshot.live:
        files[live] = _written(snapshot, folder / f"{survey}-open.parquet")
    # The engine's own table of open nights is a file in the sandbox; a view over it stands for it there.
    views = {f"parts.{survey}": f"SELECT * FROM {parquet([Path(live)])}"} if snapshot.live else {}  # noqa: S608
    seen = replace(snapshot, live=f"parts.{quoted(survey)}" if snapshot.live else "")
    for table in tables_of(seen):
        sql = table.sql(seen)
        for old, new in renamed.items():
            sql = sql.replace(old, new)
        views[table.full_name] = sql
    yield Permitted(views, files, {survey: snapshot.signature})


def _written(snapshot: Snapshot, path: Path) -> Path:
    """Write rows of open nights, and those that few may see, into a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = snapshot.engine.stream(f"SELECT * FROM {snapshot.live}")  # noqa: S608  # ours
    with pq.ParquetWriter(path, rows.schema, compression="zstd") as writer:
        for batch in rows:
            writer.write_batch(batch)
    path.chmod(0o644)
    return path
