"""Static catalogues: from a file of known version to arrays that every worker maps and shares."""

import functools
import hashlib
import json
import logging
import shutil
import tempfile
from dataclasses import asdict, dataclass
from importlib import metadata, resources
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fink_lib.catalogs.index import SkyIndex, build_index
from fink_lib.errors import ConfigError

logger = logging.getLogger(__name__)

# Raised when the stored arrays change shape: old ones are then rebuilt instead of misread.
LAYOUT = 1


@dataclass(frozen=True)
class CatalogSource:
    """Where a catalogue comes from.

    Attributes
    ----------
    name
        Short lower-case name.
    package, file
        Installed distribution that carries the file, and the file's path in it.
    ra, dec, label
        Columns: position in degrees (ICRS) and the text that a match returns.
    reference
        What to cite.
    """

    name: str
    package: str
    file: str
    ra: str
    dec: str
    label: str
    reference: str


CATALOGS = {
    source.name: source
    for source in (
        CatalogSource(
            name="gcvs",
            package="fink-science",
            file="fink_science/data/catalogs/gcvs.parquet",
            ra="ra",
            dec="dec",
            label="VarType",
            reference="General Catalogue of Variable Stars, Samus et al. 2017, ARep 61, 80",
        ),
        CatalogSource(
            name="vsx",
            package="fink-science",
            file="fink_science/data/catalogs/vsx.parquet",
            ra="RAJ2000",
            dec="DEJ2000",
            label="VType",
            reference="AAVSO International Variable Star Index, Watson et al. 2006, SASS 25, 47",
        ),
    )
}


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
    """

    facts: CatalogFacts
    index: SkyIndex
    codes: npt.NDArray[np.int32]
    labels: tuple[str, ...]

    def label_of(self, rows: npt.NDArray[np.int64], missing: str) -> npt.NDArray[np.object_]:
        """Return the labels of catalogue rows; `missing` for row -1."""
        names = np.array([*self.labels, missing], dtype=object)
        return np.asarray(names[np.where(rows >= 0, self.codes[rows], len(self.labels))], dtype=object)


def load_catalog(name: str, cache: Path) -> Catalog:
    """Open a catalogue; its arrays are built the first time that a file of this content is met.

    Parameters
    ----------
    name
        A key of `CATALOGS`.
    cache
        The settings' cache folder; arrays live in ``catalogs/`` below it.

    Raises
    ------
    ConfigError
        When the name is unknown, or the package that carries the file is not installed.
    """
    return _load(name, str(cache))


@functools.cache
def _load(name: str, cache: str) -> Catalog:
    if name not in CATALOGS:
        raise ConfigError(f"unknown catalogue '{name}': the broker knows {', '.join(sorted(CATALOGS))}")
    source = CATALOGS[name]
    path = catalog_file(source)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    folder = Path(cache) / "catalogs" / f"{name}-{digest[:12]}-{LAYOUT}"
    if not folder.is_dir():
        _build(source, path, digest, folder)
    return _open(folder)


def catalog_file(source: CatalogSource) -> Path:
    """Return the path of the file that an installed package carries.

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


def _build(source: CatalogSource, path: Path, digest: str, folder: Path) -> None:
    """Write the arrays into a folder of their own and rename it: two builders at once do no harm."""
    table = pq.read_table(path, columns=[source.ra, source.dec, source.label])
    index = build_index(table[source.ra].to_numpy().astype(float), table[source.dec].to_numpy().astype(float))
    padded = pc.fill_null(table[source.label].combine_chunks().cast(pa.string()), "")
    coded = pc.utf8_trim_whitespace(padded).dictionary_encode()  # the files pad with spaces
    facts = CatalogFacts(
        name=source.name,
        version=f"{source.package} {metadata.version(source.package)}",
        sha256=digest,
        rows=table.num_rows,
        reference=source.reference,
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    arrays = {"key": index.key, "vectors": index.vectors, "rows": index.rows, "codes": coded.indices.to_numpy()}
    for stem, array in arrays.items():
        np.save(scratch / f"{stem}.npy", array)
    (scratch / "facts.json").write_text(json.dumps({**asdict(facts), "labels": coded.dictionary.to_pylist()}))
    scratch.chmod(0o755)
    try:
        scratch.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(scratch)  # another process was first; its arrays are the same
    logger.info("catalogue built name=%s rows=%d folder=%s", source.name, table.num_rows, folder)


def _open(folder: Path) -> Catalog:
    facts = json.loads((folder / "facts.json").read_text())
    labels = tuple(facts.pop("labels"))
    arrays = {stem: np.load(folder / f"{stem}.npy", mmap_mode="r") for stem in ("key", "vectors", "rows", "codes")}
    return Catalog(
        facts=CatalogFacts(**facts),
        index=SkyIndex(key=arrays["key"], vectors=arrays["vectors"], rows=arrays["rows"]),
        codes=arrays["codes"],
        labels=labels,
    )
