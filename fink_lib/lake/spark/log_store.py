"""The log store of the lake: Java of our own in a jar, and what makes Delta use it.

The one that Delta takes for local tables asks whether an entry is there and then renames its own: two processes that
do so at the same instant are both told that the commit is theirs. Ours leaves the decision to the file system.
"""

import hashlib
from pathlib import Path

from fink_lib.errors import HostError

SOURCE = Path(__file__).parent / "java" / "LinkLogStore.java"
CLASS = "fink.lake.LinkLogStore"
LOG_STORE_CONF = {"spark.delta.logStore.file.impl": CLASS}
DIGEST_LETTERS = 16


def log_store_jar(folder: Path) -> Path:
    """Return where the compiled log store lies: another source has another name, so versions share a folder.

    Parameters
    ----------
    folder
        Folder of the jars compiled from our own Java.
    """
    return folder / compiled_name("fink-log-store", SOURCE)


def compiled_name(stem: str, source: Path) -> str:
    """Return the name of the jar that a source is compiled to.

    Parameters
    ----------
    stem, source
        Beginning of the name, and the Java file, whose digest is its end.
    """
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    return f"{stem}-{digest[:DIGEST_LETTERS]}.jar"


def require_log_store(folder: Path) -> Path:
    """Return the compiled log store.

    Raises
    ------
    HostError
        When it was not compiled yet: sessions never do so themselves.
    """
    jar = log_store_jar(folder)
    if not jar.is_file():
        raise HostError(f"no {jar.name} in {folder}: run `fink jars` once to compile it")
    return jar
