"""The archive of Spark's classes: parsed and verified once a machine, so that each JVM starts with half the work.

The JVM writes it when a session ends that has done what every job does. It is a convenience: where it cannot
be made, or does not fit the Java that runs, everything works without it.
Source: JEP 350, dynamic application class-data sharing.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.host.java import find_java
from fink_lib.lake.spark.jars import session_jars
from fink_lib.streams.runner import settings_environment

TIMEOUT_S = 300
Say = Callable[[str], None]


def ensure_class_archive(settings: Settings, say: Say = print) -> bool:
    """Make the archive unless it is there and fits; return whether there is one.

    Parameters
    ----------
    settings
        Where the jars are, and where the archive goes.
    say
        Receives a line when it is made, or why it could not be.
    """
    archive, key = settings.class_archive, settings.class_archive.with_suffix(".key")
    wanted = _key(settings)
    if archive.exists() and key.exists() and key.read_text() == wanted:
        return True
    say("class archive: keeping Spark's classes as the JVM wants them, once (about 20 s)")
    scratch = archive.with_suffix(f".{os.getpid()}")
    archive.unlink(missing_ok=True)  # a JVM that takes one cannot make one; those that run keep theirs
    try:
        problem = _make(settings, scratch)
        if scratch.exists():
            scratch.replace(archive)
            key.write_text(wanted)
            return True
    finally:
        scratch.unlink(missing_ok=True)
    say(f"class archive: not made, every start takes longer ({problem})")
    return False


def _key(settings: Settings) -> str:
    """Return what an archive is made of: another Java, environment or jar needs another archive."""
    java = find_java().path
    version = subprocess.run([str(java), "-version"], capture_output=True, text=True, timeout=30, check=False).stderr
    facts = [str(java.resolve()), version, sys.prefix, *(jar.name for jar in session_jars(settings))]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _make(settings: Settings, scratch: Path) -> str:
    command = [sys.executable, "-m", "fink_lib.host.class_archive", str(scratch)]
    environment = settings_environment(settings)
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            cwd=settings.project,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {TIMEOUT_S} s"
    return (done.stderr.strip().splitlines() or ["the JVM wrote none"])[-1]


def main(target: str) -> None:
    """Do a little of what every job does, in a JVM that archives its classes when it ends."""
    from fink_lib.lake.spark.exercise import exercise  # noqa: PLC0415 - who asks for the archive starts no JVM
    from fink_lib.lake.spark.session import build_session  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as home:
        settings = Settings().at_home(Path(home)).model_copy(update={"s3_endpoint": "", "s3_region": ""})
        session = build_session(
            "class-archive", settings, java_options=f"-XX:ArchiveClassesAtExit={target} -Xlog:cds=off -Xshare:auto"
        )
        exercise(session, home)
        session.stop()


if __name__ == "__main__":
    main(sys.argv[1])
