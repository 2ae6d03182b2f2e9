"""Files, folders and archives as a stream of named contents, in the order of their names."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fink_lib.errors import ConfigError
from fink_lib.surveys.container import MAGIC

PACKET_SUFFIXES = (".avro", ".bin")
_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_ZIP_SUFFIX, _TABLE_SUFFIX = ".zip", ".parquet"
_PACKED: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress,
}  # fmt: skip
_UNPACK_ERRORS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)
_ENCRYPTED = 0x1  # first flag of a member of a zip


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
    except (tarfile.TarError, *_UNPACK_ERRORS) as error:
        raise ConfigError(f"the archive '{file}' is damaged: {error}") from error


def _expand(name: str, data: bytes, inside: str) -> Iterator[Content]:
    if name.endswith(_ZIP_SUFFIX):
        yield from _read_zip(name, data, inside)
    elif name.endswith(tuple(_PACKED)):
        yield _unpacked(name, data)
    else:
        yield Content(name, data)


def _read_zip(name: str, data: bytes, inside: str) -> Iterator[Content]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in sorted(archive.infolist(), key=lambda member: member.filename):
                if member.flag_bits & _ENCRYPTED:
                    raise ConfigError(f"the archive '{name}' is encrypted: unpack it, and give the folder")
                if not member.is_dir():
                    yield Content(inside + member.filename, archive.read(member))
    except NotImplementedError as error:
        raise ConfigError(f"the archive '{name}' is packed in a way that is not known here: {error}") from error
    except (zipfile.BadZipFile, *_UNPACK_ERRORS) as error:
        raise ConfigError(f"the archive '{name}' is damaged: {error}") from error


def _unpacked(name: str, data: bytes) -> Content:
    """Unpack a single file; one that cannot be unpacked is played as it is and will be found damaged."""
    suffix = PurePosixPath(name).suffix
    plain = name.removesuffix(suffix)
    try:
        return Content(plain, _PACKED[suffix](data))
    except _UNPACK_ERRORS:
        return Content(plain, data)
