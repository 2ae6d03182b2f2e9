"""The releases that homes may be of: named by commit, since a tag may not travel with a clone."""

import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from fink_lib.config import PROJECT_DIR, Settings


@dataclass(frozen=True)
class Release:
    """One release.

    Attributes
    ----------
    version
        As the changelog names it.
    commit
        Full id of its commit.
    """

    version: str
    commit: str

    def lay_out(self, folder: Path, project: Path = PROJECT_DIR) -> Path:
        """Unpack the code of the release from the clone's history; return its folder.

        Raises
        ------
        LookupError
            When the clone does not have the commit, as a shallow one does not.
        """
        made = subprocess.run(["git", "archive", self.commit], cwd=project, capture_output=True, check=False)
        if made.returncode:
            why = made.stderr.decode(errors="replace").strip()
            raise LookupError(
                f"release {self.version} cannot be laid out: {project} lacks commit {self.commit} ({why}); "
                "`git fetch --unshallow` brings the whole history"
            )
        with tarfile.open(fileobj=BytesIO(made.stdout)) as archive:
            archive.extractall(folder, filter="data")
        return folder

    def run(self, code: Path, script: Path, *words: str, settings: Settings) -> str:
        """Run a script by the code of the release, in today's virtual environment; return what it printed.

        Parameters
        ----------
        code
            Folder that `lay_out` filled.
        script, words
            What is run.
        settings
            Home, cache and broker that it gets.

        Raises
        ------
        subprocess.CalledProcessError
            When it fails; what it said on stderr goes to the test's.
        """
        environment = {
            **os.environ,
            "PYTHONPATH": str(code),
            "FINK_HOME": str(settings.home),
            "FINK_CACHE": str(settings.cache),
            "FINK_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        }
        command = [sys.executable, str(script), *words]
        return subprocess.run(command, cwd=code, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout


V0_1_0 = Release("0.1.0", "cb0c36dfa7b9a978b9a3bb6c1dc8a62f6f35ba67")
