"""What a survey's friends publish on a package index, and where it is kept once it was fetched."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Archive:
    """A source archive of a package.

    Attributes
    ----------
    package, version, sha256
        As the package index names it, and its digest.
    """

    package: str
    version: str
    sha256: str


@dataclass(frozen=True)
class PublishedSchemas:
    """The writer schemas of a survey, as it publishes them: for a machine that has neither a folder nor a registry.

    Attributes
    ----------
    archive
        Where they stand.
    member
        Folder in it that holds ``<major>/<minor>/*.avsc``.
    """

    archive: Archive
    member: str

    def folder(self, cache: Path, survey: str) -> Path:
        """Return where they are kept.

        Parameters
        ----------
        cache
            Folder of what is fetched.
        survey
            Its name.

        Returns
        -------
        A folder that is there only once the schemas were fetched.
        """
        return cache / "schemas" / survey / self.archive.version
