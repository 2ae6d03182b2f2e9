"""Compile our own Java with a compiler that is a jar: a JRE will do, and the same source gives the same bytes."""

import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from fink_lib.errors import HostError
from fink_lib.host.jars import COMPILER, Say, ensure_jars, jar_dir, locked
from fink_lib.host.java import MINIMUM_JAVA, find_java

COMPILE_TIMEOUT_S = 120
# `--release` would want the JDK's table of older classes, which a JRE need not have.
OPTIONS = ("-source", str(MINIMUM_JAVA), "-target", str(MINIMUM_JAVA), "-encoding", "UTF-8", "-proc:none",
           "-g:source,lines", "-nowarn")  # fmt: skip
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can say


def compile_jar(source: Path, class_path: Sequence[Path], target: Path, cache: Path, say: Say = print) -> None:
    """Compile one Java file into a jar, which appears whole.

    Parameters
    ----------
    source
        The file; its classes may use Java's own and those of the class path.
    class_path
        Jars.
    target
        The jar; its folder is made.
    cache
        Download cache: where the compiler is, or is fetched to.
    say
        Receives a line for each step.

    Raises
    ------
    HostError
        When Java is missing, the compiler cannot be fetched, or the source does not compile.
    """
    ensure_jars(cache, (COMPILER,), say)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".compile-", dir=target.parent) as scratch:
        classes, jar = Path(scratch) / "classes", Path(scratch) / target.name
        _run_compiler(source, class_path, classes, cache)
        _pack(classes, jar)
        jar.replace(target)
    say(f"{target.name}: compiled from {source.name}")


def _run_compiler(source: Path, class_path: Sequence[Path], classes: Path, cache: Path) -> None:
    (compiler,) = locked(COMPILER)
    jar = jar_dir(cache, COMPILER) / compiler.file_name
    command = [str(find_java().path), "-Xmx256m", "-XX:TieredStopAtLevel=1", "-jar", str(jar), *OPTIONS]
    command += ["-classpath", ":".join(map(str, class_path)), "-d", str(classes), str(source)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise HostError(f"{source.name} was not compiled in {COMPILE_TIMEOUT_S} s: run `fink jars` again") from error
    if done.returncode != 0:
        raise HostError(f"{source.name} does not compile with {compiler.file_name}:\n{done.stderr.strip()}")


def _pack(classes: Path, jar: Path) -> None:
    """Put the classes into a jar whose bytes tell nothing of when and where it was made."""
    with zipfile.ZipFile(jar, "w") as packed:
        for path in sorted(classes.rglob("*.class")):
            packed.writestr(zipfile.ZipInfo(path.relative_to(classes).as_posix(), LONG_AGO), path.read_bytes())
