"""A PostgreSQL of a test's own, where the machine has its programs."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fink_lib.host import ports

USER, PASSWORD, DATABASE = "airflow", "of-a-test", "airflow"
NOBODY = "nobody"  # the server refuses to run as root
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")
START_S = 60.0


def programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`, None where there is none."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a server on a free port of the loopback interface; yield the address of an empty database, with password.

    Parameters
    ----------
    folder
        The `programs`.
    """
    home = Path(tempfile.mkdtemp(prefix="fink-postgres-"))
    user = NOBODY if os.geteuid() == 0 else None
    words = home / "password"
    words.write_text(PASSWORD)
    if user is not None:
        for path in (home, words):
            shutil.chown(path, user)
    port = ports.free_ports(1)[0]
    options = [word for option in QUICK for word in ("-c", option)]
    try:
        initdb = [str(folder / "initdb"), "-D", str(home / "data"), "-U", USER, "--pwfile", str(words), "-N"]
        subprocess.run([*initdb, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"], user=user, cwd=home, check=True,
                       capture_output=True)  # fmt: skip
        command = [str(folder / "postgres"), "-D", str(home / "data"), "-p", str(port), "-h", ports.LOOPBACK]
        log = (home / "log").open("wb")
        with (
            log,
            subprocess.Popen([*command, "-k", "", *options], user=user, cwd=home, stdout=log, stderr=log) as server,
        ):
            try:
                _make_database(port, home / "log")
                yield f"postgresql://{USER}:{PASSWORD}@{ports.LOOPBACK}:{port}/{DATABASE}"
            finally:
                server.terminate()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _make_database(port: int, log: Path) -> None:
    import psycopg2

    deadline = time.monotonic() + START_S
    while True:
        try:
            connection = psycopg2.connect(f"postgresql://{USER}:{PASSWORD}@{ports.LOOPBACK}:{port}/postgres")
            break
        except psycopg2.OperationalError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {DATABASE}")
    connection.close()
