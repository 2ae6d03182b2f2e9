"""The pinned jars of Spark and of the Kafka broker: fetched once, checked always, never at session start.

``jars.lock.json`` beside this file is the whole truth: a jar that is not in it, or whose bytes differ, is not used.
The Ivy that ships inside pyspark fetches exactly these files, so nothing but Java and pyspark is needed.
"""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring

from fink_lib import locks
from fink_lib.errors import HostError
from fink_lib.host.java import find_java

LOCK = Path(__file__).with_name("jars.lock.json")
SPARK = "spark"
KAFKA = "kafka"
SETS = (SPARK, KAFKA)
S3 = "s3"  # what Spark needs for tables in an object store, fetched only where one is configured
COMPILER = "compiler"  # of our own Java, fetched only when there is something to compile

FETCH_TIMEOUT_S = 600
# Ivy's default repository is Maven Central; without POMs it takes the named files only, nothing transitive.
# Its own SHA-1 comparison is off because ours is stronger and needs no second download a file.
IVY_SETTINGS = b"""<ivysettings>
  <property name="ivy.checksums" value=""/>
  <settings defaultResolver="central"/>
  <resolvers><ibiblio name="central" m2compatible="true" usepoms="false"/></resolvers>
</ivysettings>
"""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Jar:
    """One pinned file.

    Attributes
    ----------
    group, name, version
        Maven coordinates.
    sha256, size
        Of the file; size in bytes.
    """

    group: str
    name: str
    version: str
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        """Name in the cache folder."""
        return f"{self.name}-{self.version}.jar"


def locked(set_name: str, lock: Path = LOCK) -> list[Jar]:
    """Return the pinned jars of one set.

    Parameters
    ----------
    set_name
        Name of a set in the lock file.
    lock
        The lock file.
    """
    return [Jar(**fact) for fact in json.loads(lock.read_text())[set_name]]


def jar_dir(cache: Path, set_name: str) -> Path:
    """Folder of one set inside the download cache.

    Parameters
    ----------
    cache
        The download cache.
    set_name
        Name of a set in the lock file.
    """
    return cache / "jars" / set_name


def unusable(folder: Path, jars: Sequence[Jar]) -> list[Jar]:
    """Return the pinned jars that are missing from a folder or differ from their checksum.

    Parameters
    ----------
    folder
        Where the jars lie; every file of the right size is read as a whole.
    jars
        The pinned ones.
    """
    return [jar for jar in jars if not _matches(folder / jar.file_name, jar)]


def ensure_jars(cache: Path, sets: Sequence[str] = SETS, say: Say = print, lock: Path = LOCK) -> dict[str, Path]:
    """Make sure that the folder of each set holds exactly the pinned jars.

    Safe to call from several processes at once; the second one waits and then finds all there.

    Parameters
    ----------
    cache
        Download cache, shared by every home.
    say
        Receives a line for each step.

    Returns
    -------
    dict
        Folder of each set.

    Raises
    ------
    HostError
        When Java is missing, Maven Central does not answer, or a fetched file is not the pinned one.
    """
    folders = {}
    for name in sets:
        folder = folders[name] = jar_dir(cache, name)
        folder.mkdir(parents=True, exist_ok=True)
        with locks.locked(folder.with_name(f".{folder.name}.lock")):
            jars = locked(name, lock)
            _drop_strangers(folder, jars, say)
            wanted = unusable(folder, jars)
            if wanted:
                _fetch(wanted, folder, say)
            say(f"{name} jars: {len(jars)} in {folder}" + ("" if wanted else ", all there"))
    return folders


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _matches(path: Path, jar: Jar) -> bool:
    return path.is_file() and path.stat().st_size == jar.size and sha256_of(path) == jar.sha256


def _drop_strangers(folder: Path, jars: Sequence[Jar], say: Say) -> None:
    """Remove what an earlier lock left: Spark loads every jar of its folder."""
    known = {jar.file_name for jar in jars}
    for path in sorted(folder.glob("*.jar")):
        if path.name not in known:
            say(f"{path.name} is not pinned any more: removed")
            path.unlink()


def _fetch(jars: Sequence[Jar], folder: Path, say: Say) -> None:
    megabytes = sum(jar.size for jar in jars) / 1e6
    say(f"{folder.name} jars: fetching {len(jars)} from Maven Central, {megabytes:.0f} MB")
    # Beside the target, so that the last step is a rename within one file system.
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder.parent) as scratch:
        staging = Path(scratch)
        _run_ivy(jars, staging, say)
        for jar in jars:
            fetched = staging / "jars" / jar.file_name
            _check(fetched, jar)
            shutil.move(fetched, folder / jar.file_name)


def _check(fetched: Path, jar: Jar) -> None:
    if not fetched.is_file():
        raise HostError(f"Maven Central did not give {jar.file_name}: check the network, then run `fink jars` again")
    if not _matches(fetched, jar):
        raise HostError(
            f"{jar.file_name} as fetched has sha256 {sha256_of(fetched)}, pinned is {jar.sha256}: it was refused; "
            f"something between here and Maven Central alters files"
        )


def _run_ivy(jars: Sequence[Jar], staging: Path, say: Say) -> None:
    (staging / "settings.xml").write_bytes(IVY_SETTINGS)
    (staging / "ivy.xml").write_bytes(ivy_module(jars))
    pattern = f"{staging}/jars/[artifact]-[revision].[ext]"
    ivy_jars = ":".join(str(jar) for name in ("ivy", "commons-cli") for jar in pyspark_jars(f"{name}-*"))
    command = [str(find_java().path), "-Xmx256m", "-cp", ivy_jars, "org.apache.ivy.Main"]
    command += ["-settings", str(staging / "settings.xml"), "-cache", str(staging / "ivy")]
    command += ["-ivy", str(staging / "ivy.xml"), "-confs", "default", "-retrieve", pattern]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as ivy:
        words = list(_progress(ivy, len(jars), say))
        code = ivy.wait(FETCH_TIMEOUT_S)
    if code != 0:
        raise HostError(
            f"fetching jars from Maven Central failed: {_reason(words)}: check the network, then run `fink jars` again"
        )


def _progress(ivy: "subprocess.Popen[str]", total: int, say: Say) -> Iterator[str]:
    done = 0
    for line in ivy.stdout or ():
        if "[SUCCESSFUL ]" in line:
            done += 1
            say(f"  {done}/{total} {line.split(']')[1].split('!')[0].strip()}")
        yield line.strip()


def _reason(words: Sequence[str]) -> str:
    telling = [line for line in words if "UnknownHost" in line or "not found" in line or "ERROR" in line]
    return (telling or [line for line in words if line] or ["no word from Ivy"])[0]


def pyspark_jars(name: str = "*") -> list[Path]:
    """Return the jars inside pyspark of a name or pattern, sorted.

    Raises
    ------
    HostError
        When pyspark is not installed.
    """
    spec = importlib.util.find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise HostError("pyspark is not installed: run `make setup`")
    return sorted((Path(spec.submodule_search_locations[0]) / "jars").glob(f"{name}.jar"))


def ivy_module(jars: Sequence[Jar]) -> bytes:
    """Write the Ivy description that asks for exactly these files."""
    module = Element("ivy-module", version="2.0")
    SubElement(module, "info", organisation="fink", module="runtime")
    SubElement(SubElement(module, "configurations"), "conf", name="default")
    wanted = SubElement(module, "dependencies")
    for jar in jars:
        coordinates = {"org": jar.group, "name": jar.name, "rev": jar.version}
        SubElement(wanted, "dependency", {**coordinates, "transitive": "false", "conf": "default->*"})
    return bytes(tostring(module))
