"""`fink backup`: a consistent copy of a home while alerts arrive, and a home made of it."""

from pathlib import Path
from typing import Annotated

import typer

from fink_lib.cli.common import HomeOption, load_settings, note, say
from fink_lib.errors import LakeError
from fink_lib.storage import on_disk

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    folder: Annotated[Path, typer.Argument(help="Folder to make; it must not be there.")], *, home: HomeOption = None
) -> None:
    """Copy lake, checkpoints, nights and Airflow's state, while the broker runs."""
    from fink_lib.backup import job
    from fink_lib.host.stack import connected, has_own_kafka, local_kafka

    settings = load_settings(home)
    if not has_own_kafka(settings) or local_kafka(settings).is_running():
        settings = connected(settings)
    facts = job.create(settings, folder.absolute(), note)
    size = sum(of["bytes"] for of in facts["files"].values())
    say(f"{folder}: {len(facts['tables'])} tables, {len(facts['files'])} files, {size / 1e6:.1f} MB")


@app.command()
def check(folder: Annotated[Path, typer.Argument(help="A backup.")]) -> None:
    """Look whether a backup is whole."""
    from fink_lib.backup import job

    found = job.check(folder)
    for sentence in found.wrong:
        say(sentence)
    if found.wrong:
        raise LakeError(f"backup {folder} is not whole: {len(found.wrong)} things are wrong")
    say(f"{folder}: {found.files} files, {found.bytes / 1e6:.1f} MB, all of them as they were copied")


@app.command()
def restore(folder: Annotated[Path, typer.Argument(help="A backup.")], *, home: HomeOption = None) -> None:
    """Make an empty home of a backup; `fink up` then goes on where it was made."""
    from fink_lib.backup import job

    settings = load_settings(home, any_lake=True)
    on_disk(settings.lake, "a restore")  # the tables would go where nobody reads them
    facts = job.restore(folder, settings.home, note)
    say(f"{settings.home}: {len(facts['tables'])} tables of {facts['created_at']}; go on with `fink up`")
