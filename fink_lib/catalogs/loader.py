"""Static catalogues: from a file of known version to arrays that every worker maps and shares."""

import functools
import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata, resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.catalogs.index import SkyIndex, build_index
from fink_lib.catalogs.known import CATALOGS, KNOWN, CatalogSource
from fink_lib.catalogs.reading import DEC, LABEL, RA, RADIUS, read_catalog
from fink_lib.errors import ConfigError, LakeError

__all__ = ["CATALOGS", "Catalog", "CatalogFacts", "CatalogSource", "catalog_file", "catalog_files", "load_catalog"]

logger = logging.getLogger(__name__)

# Raised when the stored arrays change shape: old ones are then rebuilt instead of misread.
LAYOUT = 3
VALUES = "values.arrow"


@dataclass(frozen=True)
class CatalogFacts:
    """What a match can be traced back to."""

    name: str
    version: str
    sha256: str
    rows: int
    reference: str


@dataclass(frozen=True)
class Catalog:
    """A catalogue, ready to be matched against.

    Attributes
    ----------
    facts
        Name, version, hash and number of rows.
    index
        Positions.
    codes, labels
        Label of row i is ``labels[codes[i]]``.
    values
        The further columns that the source declares, row by row.
    radius_arcsec
        Largest separation of a match.
    """

    facts: CatalogFacts
    index: SkyIndex
    codes: npt.NDArray[np.int32]
    labels: tuple[str, ...]
    values: pa.Table
    radius_arcsec: float

    def label_of(self, rows: npt.NDArray[np.int64], missing: str) -> npt.NDArray[np.object_]:
        """Return the labels of catalogue rows; `missing` for row -1.

        Parameters
        ----------
        rows
            Rows of the catalogue, as `nearest` returns them.
        missing
            Label of what has no row.
        """
        names = np.array([*self.labels, missing], dtype=object)
        if not len(self.codes):
            return np.full(len(rows), missing, dtype=object)
        return np.asarray(names[np.where(rows >= 0, self.codes[rows], len(self.labels))], dtype=object)

    def numbers_of(self, column: str, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return a column of numbers for catalogue rows; NaN for row -1.

        Parameters
        ----------
        column
            Name of a column of `values`; where it is null, NaN is returned.
        rows
            Rows of the catalogue, as `nearest` returns them.
        """
        found = self.values[column].take(_or_null(rows))
        return np.asarray(pc.fill_null(found, np.nan), dtype=np.float64)

    def texts_of(self, column: str, rows: npt.NDArray[np.int64], missing: str) -> npt.NDArray[np.object_]:
        """Return a column of texts for catalogue rows; `missing` for row -1.

        Parameters
        ----------
        column
            Name of a column of `values`; where it is null, `missing` is returned.
        rows
            Rows of the catalogue, as `nearest` returns them.
        missing
            Text of what has no row.
        """
        found = np.empty(len(rows), dtype=object)
        found[:] = pc.fill_null(self.values[column].take(_or_null(rows)), missing).to_pylist()
        return found

    def nearest(
        self, ra_deg: npt.NDArray[np.float64], dec_deg: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return row and separation, in arcsec, of the nearest source of each position; -1 and NaN for none.

        Where the catalogue has a radius for each source, one beyond its own is no match, however near it is.

        Parameters
        ----------
        ra_deg, dec_deg
            The positions.
        """
        own = None
        if RADIUS in self.values.column_names:
            own = np.asarray(pc.fill_null(self.values[RADIUS], np.nan), dtype=np.float64)
        return self.index.nearest(ra_deg, dec_deg, self.radius_arcsec, own)


def _or_null(rows: npt.NDArray[np.int64]) -> pa.Array:
    return pa.array(rows, mask=rows < 0)


def load_catalog(name: str, cache: Path, folder: Path | None = None) -> Catalog:
    """Open a catalogue; its arrays are built the first time that a file of this content is met.

    Parameters
    ----------
    name
        A key of `KNOWN`.
    cache
        The settings' cache folder; arrays live in ``catalogs/`` below it.
    folder
        Folder of catalogue files (the setting ``catalogs``); a file found there comes before a package's. For
        the snapshot of the Transient Name Server it may be the file itself.

    Raises
    ------
    ConfigError
        When the name is unknown, or the file is not there or cannot be read.
    LakeError
        When the arrays that were built from the file are damaged.
    """
    return _load(name, str(cache), None if folder is None else str(folder))


@functools.cache
def _load(name: str, cache: str, folder: str | None) -> Catalog:
    if name not in KNOWN:
        raise ConfigError(f"unknown catalogue '{name}': the broker knows {', '.join(sorted(KNOWN))}")
    source = KNOWN[name]
    paths, origin = catalog_files(source, None if folder is None else Path(folder))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    built = arrays_folder(source, digest, Path(cache))
    if not built.is_dir():
        _build(source, paths, origin, digest, built)
    try:
        return _open(built, source)
    except Exception as error:
        raise LakeError(
            f"the arrays of catalogue '{name}' in {built} are damaged ({type(error).__name__}): delete the folder, "
            "it is built again"
        ) from error


def arrays_folder(source: CatalogSource, digest: str, cache: Path) -> Path:
    """Return where the arrays of a catalogue stand: one folder for each content and each way to read it.

    Parameters
    ----------
    source
        The catalogue.
    digest
        SHA-256 of its files, one after the other, as hexadecimal digits.
    cache
        The settings' cache folder.
    """
    declared = hashlib.sha256(repr(source).encode()).hexdigest()
    return cache / "catalogs" / f"{source.name}-{digest[:12]}-{declared[:6]}-{LAYOUT}"


def catalog_files(source: CatalogSource, folder: Path | None = None) -> tuple[list[Path], str]:
    """Return the files of a catalogue, and the version to call them by.

    Parameters
    ----------
    source
        The catalogue.
    folder
        A folder that has its files, or its one file; where it lacks one, the package's are taken. None looks in the
        package alone.

    Raises
    ------
    ConfigError
        When neither the folder nor a package has them.
    """
    if folder is not None:
        own = [folder] if folder.is_file() else [folder / name for name in source.file_names]
        if all(path.is_file() for path in own):
            return own, f"file {own[0].name}"
    if not source.package:
        fix = "no folder is set; set FINK_CATALOGS"
        if folder is not None:
            fix = f"not in {folder}; put it there, or set FINK_CATALOGS to the folder that has it"
        raise ConfigError(f"catalogue '{source.name}': {source.file} is missing, {fix}")
    first = catalog_file(source)
    parts = [first, *(first.with_name(name) for name in source.more_files)]
    return parts, f"{source.package} {metadata.version(source.package)}"


def catalog_file(source: CatalogSource) -> Path:
    """Return the path of the first file, that an installed package carries.

    Raises
    ------
    ConfigError
        When the package or the file is missing.
    """
    root, _, inner = source.file.partition("/")
    try:
        path = Path(str(resources.files(root).joinpath(inner)))
    except ModuleNotFoundError:
        path = Path(source.file)
    if not path.is_file():
        raise ConfigError(f"catalogue '{source.name}': {source.file} is missing; install the package {source.package}")
    return path


def _build(source: CatalogSource, paths: Sequence[Path], origin: str, digest: str, folder: Path) -> None:
    """Write the arrays into a folder of their own and rename it: two builders at once do no harm."""
    table = read_catalog(source, paths)
    index = build_index(table[RA].to_numpy(), table[DEC].to_numpy())
    coded = table[LABEL].combine_chunks().dictionary_encode()
    facts = CatalogFacts(
        name=source.name, version=origin, sha256=digest, rows=table.num_rows, reference=source.reference
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    arrays = {"key": index.key, "vectors": index.vectors, "rows": index.rows, "codes": coded.indices.to_numpy()}
    for stem, array in arrays.items():
        np.save(scratch / f"{stem}.npy", array)
    values = table.drop_columns([RA, DEC, LABEL])
    with pa.OSFile(str(scratch / VALUES), "wb") as sink, pa.ipc.new_file(sink, values.schema) as writer:
        writer.write_table(values)
    (scratch / "facts.json").write_text(json.dumps({**asdict(facts), "labels": coded.dictionary.to_pylist()}))
    scratch.chmod(0o755)
    try:
        scratch.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(scratch)  # another process was first; its arrays are the same
    logger.info("catalogue built name=%s rows=%d folder=%s", source.name, table.num_rows, folder)


def _open(folder: Path, source: CatalogSource) -> Catalog:
    facts = json.loads((folder / "facts.json").read_text())
    labels = tuple(facts.pop("labels"))
    arrays = {stem: np.load(folder / f"{stem}.npy", mmap_mode="r") for stem in ("key", "vectors", "rows", "codes")}
    return Catalog(
        facts=CatalogFacts(**facts),
        index=SkyIndex(key=arrays["key"], vectors=arrays["vectors"], rows=arrays["rows"]),
        codes=arrays["codes"],
        labels=labels,
        values=pa.ipc.open_file(pa.memory_map(str(folder / VALUES))).read_all(),
        radius_arcsec=source.radius_arcsec,
    )
