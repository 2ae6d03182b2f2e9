"""Find a Java that Spark and Kafka can run on."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fink_lib.errors import HostError

# Spark 4.1 and Kafka 4.1 brokers are compiled for 17.
MINIMUM_JAVA = 17
HOW_TO_GET = f"install a JDK or JRE {MINIMUM_JAVA} or newer (Debian: `apt install openjdk-17-jre-headless`)"
_VERSION = re.compile(r'version "(\d+)(?:\.(\d+))?')


@dataclass(frozen=True)
class Java:
    """A Java that was asked for its version.

    Attributes
    ----------
    path
        The executable.
    major
        Feature release: 17, 21, …
    """

    path: Path
    major: int


def find_java() -> Java:
    """Return the Java of ``JAVA_HOME``, or else the first on ``PATH``: the order that Spark's own scripts use.

    Raises
    ------
    HostError
        When there is none, it does not run, or it is older than 17.
    """
    path = _executable()
    major = parse_major(_version_text(path))
    if major is None:
        raise HostError(f"{path} does not tell its version: {HOW_TO_GET}")
    if major < MINIMUM_JAVA:
        raise HostError(f"{path} is Java {major}, too old for Spark and Kafka: {HOW_TO_GET}")
    return Java(path, major)


def parse_major(text: str) -> int | None:
    """Read the feature release out of ``java -version``; None when it is not there.

    Releases before 9 call themselves ``1.8.0_402``.
    """
    found = _VERSION.search(text)
    if found is None:
        return None
    first, second = found.group(1), found.group(2)
    return int(second) if first == "1" and second else int(first)


def _executable() -> Path:
    home = os.environ.get("JAVA_HOME")
    if home:
        path = Path(home) / "bin" / "java"
        if not path.is_file():
            raise HostError(f"JAVA_HOME is {home}, which holds no bin/java: correct or unset it, or {HOW_TO_GET}")
        return path
    on_path = shutil.which("java")
    if on_path is None:
        raise HostError(f"Java is missing: {HOW_TO_GET}")
    return Path(on_path)


def _version_text(path: Path) -> str:
    try:
        answer = subprocess.run([str(path), "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HostError(f"{path} does not run ({error}): {HOW_TO_GET}") from error
    return answer.stderr + answer.stdout
