"""Fetch the source archive of a package from the index that pip is configured for, without building it.

`pip download` would run the package's build to learn its metadata. This asks pip for its finder and
its downloader only. It is run as a process of its own, ``python -m ... NAME VERSION FOLDER``, because
pip is not made to be imported into a running program; it prints the path of the archive.
"""

import shutil
import sys

from pip._internal.commands import create_command
from pip._internal.commands.download import DownloadCommand
from pip._internal.network.download import Downloader
from pip._vendor.packaging.specifiers import SpecifierSet


def fetch(name: str, version: str, folder: str) -> str:
    """Download the source archive into a folder and return its path.

    Parameters
    ----------
    name, version
        Of the package, as the index knows it.
    folder
        An existing folder for the archive.

    Raises
    ------
    LookupError
        When the index has no source archive of that version.
    """
    command = create_command("download")
    if not isinstance(command, DownloadCommand):
        raise TypeError("pip's download command is of an unknown kind")
    options, _ = command.parse_args(["--no-binary", ":all:", "--no-deps", "--quiet", name])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)  # noqa: SLF001 - pip offers no public way to fetch only
        best = finder.find_best_candidate(name, SpecifierSet(f"=={version}")).best_candidate
        if best is None:
            raise LookupError(f"pip's index has no source archive of {name}=={version}")
        if best.link.is_file:
            return shutil.copy(best.link.file_path, folder)
        path, _ = Downloader(session, "off")(best.link, folder)
    return path


if __name__ == "__main__":
    sys.stdout.write(fetch(*sys.argv[1:4]) + "\n")
