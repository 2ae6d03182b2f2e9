"""Two thousand real alerts of a survey, such that every module has something to say about some of them."""

import itertools
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from science_bench import CACHE, batch_of

from fink_lib.catalogs import KNOWN, load_catalog
from fink_lib.catalogs.known import Angle, CatalogSource
from fink_lib.science.cases.blazars import FILE_BANDS, FILES
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import resource_of
from fink_lib.science.training.elasticc import ELASTICC_INPUTS, read_elasticc
from fink_lib.surveys.checks import decode
from fink_lib.surveys.framing import ConfluentFraming
from fink_lib.surveys.schema_source import FolderSchemas
from tests.builders.packet_rows import read_packets

Packet = dict[str, Any]

COUNT = 2000
YOUNG_DAYS = 10.0
ARCHIVES = ("ztf_2025_packets", "ztf_public_20231018", "ztf_microlensing_55_nights", "ztf_public_20211122")
ON_A_SOURCE = 5  # alerts moved onto sources of each catalogue
SIMULATED_STEP = 40


def young(packet: Packet) -> Packet:
    """Return an alert that passes the gates on age and number of detections."""
    now = packet["candidate"]
    return {**packet, "candidate": {**now, "jdstarthist": now["jd"] - YOUNG_DAYS, "ndethist": 9}}


def ztf_packets(shared: Path) -> list[Packet]:
    """Return real packets, every other one made young."""
    found = itertools.chain(*(read_packets(shared / "ztf" / f"{name}.tar.gz") for name in ARCHIVES))
    return [young(packet) if number % 2 else packet for number, packet in enumerate(found)]


def bright(packet: Packet) -> Packet:
    """Return a Rubin alert that passes the gates of the hostless module."""
    facts = {"psfFlux": 50_000.0, "templateFlux": 800.0, "templateFluxErr": 80.0}
    since = packet["diaSource"]["midpointMjdTai"] - 20.0
    past = [row for row in packet["prvDiaSources"] or () if row["midpointMjdTai"] > since]
    return {
        **packet,
        "diaSource": {**packet["diaSource"], **facts},
        "diaObject": {**(packet["diaObject"] or {}), "nDiaSources": 5},
        "prvDiaSources": past,
        "ssSource": None,
    }


def rubin_packets(shared: Path) -> list[Packet]:
    """Return the decoded packets of the survey, every other one made bright."""
    framing = ConfluentFraming(FolderSchemas(shared / "schemas" / "lsst"))
    with tarfile.open(shared / "lsst" / "lsst_v10_0_wire.tar.gz") as archive:
        streams = [archive.extractfile(member) for member in archive if member.isfile()]
        found = [decode(framing.unwrap(stream.read())) for stream in streams if stream]
    return [bright(packet) if number % 2 else packet for number, packet in enumerate(found)]


def two_thousand(survey: str, shared: Path) -> AlertBatch:
    """Return real alerts, again and again in a random order, some of them moved onto catalogued sources."""
    batch = {"ztf": ztf_batch, "lsst": rubin_batch}[survey](shared)
    draw = np.random.default_rng(5)
    # The first hundred are repeated: packets of the survey, the long simulated light curves of Rubin stand behind.
    rows = draw.permutation(np.r_[np.arange(len(batch)), draw.integers(0, 100, COUNT - len(batch))])
    return on_sources(batch.take(rows), shared / "catalogs")


def ztf_batch(shared: Path) -> AlertBatch:
    """Return the packets as a batch for all modules."""
    return batch_of(ztf_packets(shared), modules_of("ztf"))


def rubin_batch(shared: Path) -> AlertBatch:
    """Join packets of the survey with simulated ones, which have hosts and long light curves."""
    modules = modules_of("lsst")
    real = batch_of(rubin_packets(shared), modules, "lsst")
    able = [module for module in modules if set(module.scalars) <= set(ELASTICC_INPUTS.scalars) and not module.stamps]
    simulated, _ = read_elasticc(shared / "elasticc", able)
    return joined(real, simulated.take(np.arange(0, len(simulated), SIMULATED_STEP)))


def joined(one: AlertBatch, other: AlertBatch) -> AlertBatch:
    """Return both batches as one; what the second does not have is null there."""

    def both(name: str, kind: str) -> Any:
        first, second = getattr(one, kind)[name], getattr(other, kind).get(name)
        if second is None:
            count = other.offsets[-1] if kind == "histories" else len(other)
            second = np.full(count, None if first.dtype == object else np.nan, dtype=first.dtype)
        return np.concatenate([first, second])

    return AlertBatch(
        alert_id=np.r_[one.alert_id, other.alert_id],
        offsets=np.r_[one.offsets, other.offsets[1:] + one.offsets[-1]],
        scalars={name: both(name, "scalars") for name in one.scalars},
        histories={name: both(name, "histories") for name in one.histories},
        stamps={name: both(name, "stamps") for name in one.stamps},
        forced={name: both(name, "forced") for name in one.forced},
        forced_offsets=np.r_[one.forced_offsets, other.forced_offsets[1:] + one.forced_offsets[-1]],
    )


def on_sources(batch: AlertBatch, folder: Path) -> AlertBatch:
    """Move some alerts, each onto a source of a catalogue."""
    ra, dec = batch.scalars["ra"].copy(), batch.scalars["dec"].copy()
    places = iter(np.random.default_rng(6).permutation(len(batch)).tolist())
    for name in KNOWN:
        x, y, z = load_catalog(name, CACHE, folder).index.vectors[:ON_A_SOURCE].T
        for lon, lat in zip(
            np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y))), strict=True
        ):
            row = next(places)
            ra[row], dec[row] = lon, lat
    return replace(batch, scalars={**batch.scalars, "ra": ra, "dec": dec})


@contextmanager
def catalogs_in(folder: Path) -> Iterator[None]:
    """Let the modules look for their catalogues in a folder, as if the worker had been started with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINK_CATALOGS", str(folder))
        resource_of.cache_clear()
        try:
            yield
        finally:
            resource_of.cache_clear()


def make_catalogs(folder: Path, batch: AlertBatch) -> Path:
    """Write the catalogues that no package carries, each with sources at the places of the first alerts."""
    folder.mkdir()
    for source in KNOWN.values():
        if not source.package and not (folder / source.file).exists():  # two of them share a file
            table = _made(source, batch.scalars["ra"][:20], batch.scalars["dec"][:20])
            write = pacsv.write_csv if source.file.endswith(".csv") else pq.write_table
            write(table, folder / source.file)
    state = {"ZTF_name": ["ZTF0"], "Source_name": ["made"], "low_threshold": [0.5], "high_threshold": [2.0]}
    medians = pa.StructArray.from_arrays([pa.array([1.0])] * len(FILE_BANDS), [str(number) for number in FILE_BANDS])
    pq.write_table(pa.table({**state, "medians": medians}), folder / FILES.replace("*", "0"))
    return folder


def _made(source: CatalogSource, ra: Any, dec: Any) -> pa.Table:
    if source.angle is Angle.SEXAGESIMAL:
        ra, dec = [_sexagesimal(angle / 15.0) for angle in ra], [_sexagesimal(angle) for angle in dec]
    texts = {name: ["made"] * len(ra) for name in (source.label, *(name for name, _ in source.texts))}
    numbers = {name: [1.0] * len(ra) for name, _ in source.numbers}
    radius = {source.radius_column: [0.5] * len(ra)} if source.radius_column else {}
    return pa.table({source.ra: ra, source.dec: dec, **texts, **numbers, **radius})


def _sexagesimal(angle: float) -> str:
    minutes, seconds = divmod(abs(angle) * 3600.0, 60.0)
    return f"{'-' if angle < 0 else ''}{int(minutes // 60):02d} {int(minutes % 60):02d} {seconds:.6f}"
