"""What this machine must have, and how to get what it lacks."""

import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from fink_lib.config import Settings
from fink_lib.errors import HostError
from fink_lib.host import ports
from fink_lib.host.airflow_db import lacking, without_password
from fink_lib.host.jars import S3, SETS, jar_dir, locked, unusable
from fink_lib.host.java import find_java
from fink_lib.host.log_store import is_sound
from fink_lib.host.services import AIRFLOW, API, KAFKA, Services
from fink_lib.host.stack import LEAST_DISK_BYTES, free_bytes, has_own_kafka, users_port
from fink_lib.lake.decided import FIX, undecided
from fink_lib.lake.object_store import require_conditions
from fink_lib.lake.spark.log_store import log_store_jar
from fink_lib.simulator.sample import sample_folder
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey, running_surveys
from fink_lib.user_jobs.sandbox.running import sandbox_works

OLDEST_PYTHON = (3, 11)
NEWEST_PYTHON = (3, 13)
# Three streams and two nightly jobs of 2 GB heap that they seldom fill, their Python workers, Kafka and Airflow.
LEAST_MEMORY_BYTES = 8 * 10**9
PACKAGES = ("airflow", "confluent_kafka", "delta", "great_expectations", "light_curve", "pyspark")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name, detail
        What, and what was found.
    ok
        Whether it will do.
    fix
        How to get it; empty when it will do.
    is_needed
        False for what a broker can do without.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""
    is_needed: bool = True


def all_checks(settings: Settings) -> Iterator[Check]:
    """Look at everything, in the order in which things are needed."""
    yield check_python()
    yield check_packages()
    yield check_java()
    for name in SETS:
        yield check_jars(settings, name)
    yield check_log_store(settings)
    if settings.has_object_store:
        yield check_jars(settings, S3)
    for survey in running_surveys(settings):
        if survey.simulated.sample is not None:
            yield check_sample(settings, survey)
    yield check_writable("home", settings.home, "--home or FINK_HOME")
    yield from check_lake(settings.lake)
    yield check_writable("cache", settings.cache, "FINK_CACHE")
    yield check_disk(settings)
    yield check_memory()
    yield check_sandbox()
    if has_own_kafka(settings):
        yield check_port(settings, KAFKA, settings.kafka_port, "FINK_KAFKA_PORT")
        yield check_port(settings, KAFKA, users_port(settings), "FINK_KAFKA_USERS_PORT", listener="users")
    yield check_port(settings, AIRFLOW, settings.airflow_port, "FINK_AIRFLOW_PORT")
    yield check_airflow_db(settings)
    yield check_port(settings, API, settings.api_port, "FINK_API_PORT")


def check_python() -> Check:
    """Python 3.11 to 3.13: what Airflow, Spark and Delta have in common."""
    ok = OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON
    fix = "" if ok else "run `make setup PYTHON=python3.11`"
    return Check("python", ok, f"{platform.python_version()} {sys.executable}", fix)


def check_packages() -> Check:
    """Look for the packages without which nothing starts."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    detail = f"missing: {', '.join(missing)}" if missing else f"{len(PACKAGES)} of {len(PACKAGES)} looked for"
    return Check("packages", not missing, detail, "run `make setup`" if missing else "")


def check_java() -> Check:
    """Java 17 or newer."""
    try:
        java = find_java()
    except HostError as error:
        detail, _, fix = str(error).partition(": ")
        return Check("java", ok=False, detail=detail, fix=fix)
    return Check("java", ok=True, detail=f"{java.major} {java.path}")


def check_jars(settings: Settings, name: str) -> Check:
    """Pinned jars of one set, each with the right checksum.

    Parameters
    ----------
    settings
        Tell where the download cache is.
    name
        Of a set in ``jars.lock.json``.
    """
    jars = locked(name)
    lacking = unusable(jar_dir(settings.cache, name), jars)
    detail = f"{len(jars) - len(lacking)} of {len(jars)} in {jar_dir(settings.cache, name)}"
    how = "run `fink jars`" if name in SETS else f"run `fink jars {name}`"
    return Check(f"{name} jars", not lacking, detail, how if lacking else "")


def check_log_store(settings: Settings) -> Check:
    """Our own log store of the lake, compiled from the source that is here."""
    jar = log_store_jar(settings.built_jars)
    ok = is_sound(jar)
    return Check("log store", ok, f"{jar.name} in {jar.parent}", "" if ok else "run `fink jars`")


def check_lake(lake: LakePath) -> Iterator[Check]:
    """Tell whether the lake can be written, and whether commits there are decided by what holds it."""
    if isinstance(lake, Path):
        yield check_writable("lake", lake, "--home or FINK_HOME")
        yield check_commits(lake)
    else:
        yield check_store(lake)


def check_store(lake: LakePath) -> Check:
    """Tell whether the object store that holds the lake can be written and lets one of two commits be the first."""
    try:
        require_conditions(lake)
    except HostError as error:
        return Check("lake", False, str(lake), str(error))
    return Check("lake", True, str(lake), "")


def check_commits(lake: Path) -> Check:
    """Tell whether the lake's file system lets one of two commits be the first."""
    refusal = undecided(lake)
    return Check("commits", not refusal, refusal or "one of two is the first", FIX if refusal else "")


def check_sample(settings: Settings, survey: Survey) -> Check:
    """Packets of the sample night of a survey.

    Parameters
    ----------
    settings
        Tell where downloads are kept.
    survey
        One that has a sample night.
    """
    folder = sample_folder(settings, survey)
    count = len(list(folder.glob("*.avro"))) if folder.is_dir() else 0
    return Check(
        "sample night",
        count > 0,
        f"{count} alerts in {folder}",
        "" if count else f"run `make demo SURVEY={survey.name}`, which gets it",
    )


def check_writable(name: str, folder: Path, how: str) -> Check:
    """Tell whether a folder can be written, or created.

    Parameters
    ----------
    name
        What the folder is called in the list of checks.
    folder
        One that need not exist yet.
    how
        The option or variable that chooses another folder.
    """
    there = folder
    while not there.exists():
        there = there.parent
    ok = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    return Check(
        name, ok, f"{folder}{'' if folder.exists() else ' (not there yet)'}", "" if ok else f"choose another with {how}"
    )


def check_disk(settings: Settings) -> Check:
    """Room for a night."""
    free = free_bytes(settings.home)
    ok = free >= LEAST_DISK_BYTES
    return Check(
        "disk",
        ok,
        f"{free / 1e9:.0f} GB free under {settings.home}",
        "" if ok else "make room or choose another --home",
    )


def check_memory() -> Check:
    """Memory for three streams, a nightly job, the server of short Spark jobs, Kafka and Airflow at once."""
    memory = psutil.virtual_memory()
    ok = memory.total >= LEAST_MEMORY_BYTES
    fix = (
        ""
        if ok
        else "lower FINK_STREAM_MEMORY and FINK_BATCH_MEMORY, or do without the job server (FINK_JOB_SERVER_IDLE_S=0)"
    )
    return Check("memory", ok, f"{memory.total / 1e9:.0f} GB, {memory.available / 1e9:.0f} GB available", fix)


def check_airflow_db(settings: Settings) -> Check:
    """Tell where Airflow keeps its state, and whether that answers."""
    if not settings.airflow_db:
        return Check("airflow db", ok=True, detail="SQLite in the home; PostgreSQL for more (FINK_AIRFLOW_DB)")
    problem, fix = lacking(settings.airflow_db)
    return Check("airflow db", not problem, problem or without_password(settings.airflow_db), fix)


def check_sandbox() -> Check:
    """Try the sandbox of user jobs; without one they are refused, and all else runs."""
    try:
        wrong = sandbox_works()
        fix = "let this user make name spaces (sysctl kernel.unprivileged_userns_clone=1)" if wrong else ""
    except HostError as error:
        wrong, _, fix = str(error).partition(": ")
    return Check("sandbox", not wrong, wrong or "bubblewrap, for user jobs", fix, is_needed=False)


def check_port(settings: Settings, name: str, port: int, variable: str, listener: str = "") -> Check:
    """Tell whether a port is free, or taken by this home's own service.

    Parameters
    ----------
    name, listener
        Of the service, and of its further port where it is one.
    port, variable
        What is asked for, and where.
    """
    service, label = Services(settings.home).get(name), " ".join(filter(None, (name, listener, "port")))
    if service is not None and service.alive:
        mine = service.more_ports.get(listener, service.port)
        return Check(label, ok=True, detail=f"{mine}, ours (pid {service.pid})")
    if port == 0:
        return Check(label, ok=True, detail="any free one")
    ok = ports.is_free(port)
    fix = "" if ok else f"stop the program that uses it, or set {variable} to another port or to 0"
    return Check(label, ok, f"{port}, {'free' if ok else 'taken by another program'}", fix)
