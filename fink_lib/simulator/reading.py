"""Files, folders and archives as a stream of named contents, in the order of their names."""

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fink_lib.errors import ConfigError
from fink_lib.surveys.container import MAGIC

PACKET_SUFFIXES = (".avro", ".bin")
_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz")
_ZIP_SUFFIX, _GZIP_SUFFIX, _TABLE_SUFFIX = ".zip", ".gz", ".parquet"


class Content(NamedTuple):
    """One file.

    Attributes
    ----------
    name
        Path below what is played.
    data
        Its bytes.
    """

    name: str
    data: bytes

    @property
    def is_packet(self) -> bool:
        """Tell what looks like a packet, by name or by its first bytes; a damaged or empty one may."""
        name = PurePosixPath(self.name).name
        return not name.startswith(".") and (name.endswith(PACKET_SUFFIXES) or self.data.startswith(MAGIC))

    @property
    def is_table(self) -> bool:
        """Tell a Parquet table, which may hold alerts in rows."""
        return self.name.endswith(_TABLE_SUFFIX)


def read_path(path: Path) -> Iterator[Content]:
    """Yield every file below a path, archives opened.

    Raises
    ------
    ConfigError
        When the path does not exist, or an archive is damaged.
    """
    if not path.exists():
        raise ConfigError(f"nothing to play: '{path}' does not exist")
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    root = path if path.is_dir() else path.parent
    for file in files:
        name = file.relative_to(root).as_posix()
        if name.endswith(_TAR_SUFFIXES):
            yield from _read_tar(file, "" if file == path else f"{name}/")
        else:
            yield from _expand(name, file.read_bytes(), inside="" if file == path else f"{name}/")


def _read_tar(file: Path, prefix: str) -> Iterator[Content]:
    try:
        with tarfile.open(file) as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isfile() else None
                if stream is not None:
                    name = prefix + member.name
                    yield from _expand(name, stream.read(), inside=f"{name}/")
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ConfigError(f"the archive '{file}' is damaged: {error}") from error


def _expand(name: str, data: bytes, inside: str) -> Iterator[Content]:
    if name.endswith(_ZIP_SUFFIX):
        yield from _read_zip(name, data, inside)
    elif name.endswith(_GZIP_SUFFIX):
        yield _gunzip(name, data)
    else:
        yield Content(name, data)


def _read_zip(name: str, data: bytes, inside: str) -> Iterator[Content]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in sorted(archive.namelist()):
                if not member.endswith("/"):
                    yield Content(inside + member, archive.read(member))
    except (zipfile.BadZipFile, zlib.error) as error:
        raise ConfigError(f"the archive '{name}' is damaged: {error}") from error


def _gunzip(name: str, data: bytes) -> Content:
    """Unpack a single file; one that cannot be unpacked is played as it is and will be found damaged."""
    plain = name.removesuffix(_GZIP_SUFFIX)
    try:
        return Content(plain, gzip.decompress(data))
    except (OSError, EOFError, zlib.error):
        return Content(plain, data)
