"""The writer schemas that a survey publishes, fetched once where neither a folder nor a registry is configured."""

import logging
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.simulator.archives import Say, fetch
from fink_lib.surveys import Survey

logger = logging.getLogger(__name__)


def ensure_schemas(settings: Settings, survey: Survey, say: Say = logger.info) -> None:
    """Have the schemas that messages of a survey name by number, if nothing else tells them.

    Parameters
    ----------
    settings
        Where they would come from, and where downloads are kept.
    survey
        Whose; one that embeds its schemas needs none.
    say
        Receives a line when they have to be fetched.

    Raises
    ------
    HostError
        When they cannot be fetched, or are not those that are known.
    """
    published, chosen = survey.published, settings.of_survey(survey.name)
    if published is None or chosen.schemas is not None or chosen.registry:
        return
    folder = published.folder(settings.cache, survey.name)
    if folder.is_dir():
        return
    archive = published.archive
    say(f"schemas of {survey.name}: fetching {archive.package} {archive.version} once (no folder or registry is set)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".schemas-") as scratch:
        file = fetch(archive, f"the archive of the schemas of {survey.name}", Path(scratch))
        fresh = Path(scratch) / "schemas"
        if not _unpack(file, f"{archive.package.replace('-', '_')}-{archive.version}/{published.member}", fresh):
            raise HostError(f"{file.name} holds no schema below {published.member}")
        try:
            fresh.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process was first
                raise


def _unpack(file: Path, root: str, target: Path) -> int:
    """Write the schemas below a folder of an archive; return how many there are."""
    count = 0
    with tarfile.open(file) as tar:
        for member in tar:
            name = PurePosixPath(member.name)
            if name.suffix == ".avsc" and name.is_relative_to(root) and (stream := tar.extractfile(member)):
                out = target / name.relative_to(root)
                out.parent.mkdir(parents=True, exist_ok=True)
                out.write_bytes(stream.read())
                count += 1
    return count
