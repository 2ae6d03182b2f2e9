"""ELAsTiCC: simulated Rubin alerts with the truth beside them, read into the inputs of the Rubin modules.

The simulation's packets are those of an early Rubin schema under older names, so its alerts feed the same modules.
Only fields of the packet become inputs. The truth columns of the files are read for `Truth` alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fink_lib.errors import ConfigError
from fink_lib.science.framework.base import Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.batch_builder import form_batch, wanted
from fink_lib.surveys.inputs import BAND, HOST, NUMBER, SurveyInputs

_HOST_FIELDS = (*(f"hostgal_mag_{band}" for band in "ugrizY"), "hostgal_zphot", "hostgal_zphot_err")
_HOST_FIELDS += ("hostgal_snsep", "hostgal_sqradius")

POINTS = {
    "time": ("midPointTai", NUMBER),
    "band": ("filterName", BAND),
    "flux": ("psFlux", NUMBER),
    "flux_err": ("psFluxErr", NUMBER),
}
ELASTICC_INPUTS = SurveyInputs(
    alert_id="alertId",
    scalars={
        "time": ("diaSource.midPointTai", NUMBER),
        "ra": ("diaSource.ra", NUMBER),
        "dec": ("diaSource.decl", NUMBER),
        "band": ("diaSource.filterName", BAND),
        **{name: (f"diaObject.{field}", NUMBER) for name, field in zip(HOST, _HOST_FIELDS, strict=True)},
    },
    current="diaSource",
    history="prvDiaSources",
    points={**POINTS, "ra": ("ra", NUMBER), "dec": ("decl", NUMBER)},
    stamps={},
    same_point=("band", "flux", "ra", "dec"),
    forced="prvDiaForcedSources",
    forced_points=POINTS,
)

# SNANA's GENTYPE: 10 is the normal SN Ia, 30 to 37 the hydrogen-rich core collapses (II, IIn, IIb).
GENTYPE_IA = 10
GENTYPES_II = (30, 37)
FINK_SCORES = ("rf_snia_vs_nonia", "snn_snia_vs_nonia")


class ElasticcBands:
    """Names of the bands in the simulation."""

    bands = {band.upper() if band == "y" else band: band for band in "ugrizy"}  # noqa: RUF012 - never written to


@dataclass(frozen=True)
class Truth:
    """What the simulation knows of each alert, for training and scoring, never an input.

    Attributes
    ----------
    object_id
        Object that the alert belongs to.
    is_ia
        True for SN Ia, False for SN II.
    fink
        Fink's own scores on the same alerts, by column name; NaN for null.
    peak_mjd
        Time of the maximum (MJD); NaN where the file does not tell.
    """

    object_id: npt.NDArray[np.int64]
    is_ia: npt.NDArray[np.bool_]
    fink: dict[str, npt.NDArray[np.float64]]
    peak_mjd: npt.NDArray[np.float64]


def read_elasticc(folder: Path, modules: Sequence[Module]) -> tuple[AlertBatch, Truth]:
    """Read the SN Ia and SN II of ``folder/class_*/*.parquet``, files in the order of their names.

    Parameters
    ----------
    folder
        Holds ``class_<classId>/*.parquet``, of ELAsTiCC.
    modules
        Whose inputs the batch must hold.

    Raises
    ------
    ConfigError
        When the folder has no such file, or none of their alerts is of either class.
    """
    files = sorted(folder.glob("class_*/*.parquet"))
    if not files:
        raise ConfigError(f"no alerts in {folder}: it must hold class_<classId>/*.parquet")
    want = wanted(modules, ELASTICC_INPUTS)
    paths = want.columns(ELASTICC_INPUTS)
    parts = [_read_file(path, paths) for path in files]
    columns = pa.concat_tables([part for part, _ in parts]).combine_chunks()
    truth = pa.concat_tables([part for _, part in parts]).combine_chunks()
    if not len(truth):
        raise ConfigError(f"no SN Ia (GENTYPE 10) and no SN II (30-37) in {folder}")
    fields = [column.combine_chunks() for column in columns.columns]
    packed = pa.StructArray.from_arrays(fields, columns.column_names)
    batch = form_batch(packed, want, ELASTICC_INPUTS, ElasticcBands())
    return _without_placeholders(batch), Truth(
        object_id=truth["object_id"].to_numpy(),
        is_ia=truth["gentype"].to_numpy() == GENTYPE_IA,
        fink={name: truth[name].to_numpy().astype(float) for name in FINK_SCORES},
        peak_mjd=truth["peak_mjd"].to_numpy().astype(float),
    )


def _read_file(path: Path, paths: dict[str, str]) -> tuple[pa.Table, pa.Table]:
    """Return the inputs and the truth of the supernovae of one file."""
    table = pq.read_table(path)
    gentype = table["GENTYPE"]
    low, high = GENTYPES_II
    chosen = pc.or_(
        pc.equal(gentype, GENTYPE_IA), pc.and_(pc.greater_equal(gentype, low), pc.less_equal(gentype, high))
    )
    rows = table.filter(chosen).combine_chunks()
    inputs = pa.table({name: _plain(_leaf(rows, dotted)) for name, dotted in paths.items()})
    facts = {"object_id": _leaf(rows, "diaObject.diaObjectId"), "gentype": rows["GENTYPE"]}
    facts |= {name: pc.cast(rows[name], pa.float64()) for name in FINK_SCORES}
    peak = rows["PEAKMJD"] if "PEAKMJD" in rows.column_names else pa.nulls(len(rows))
    facts["peak_mjd"] = pc.fill_null(pc.cast(peak, pa.float64()), float("nan"))
    return inputs, pa.table(facts)


def _leaf(table: pa.Table, dotted: str) -> pa.Array:
    """Follow a path through structs and one list of structs; a null list becomes an empty one."""
    root, *rest = dotted.split(".")
    array = table[root].combine_chunks()
    for part in rest:
        if pa.types.is_list(array.type):
            lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
            offsets = pa.array(np.r_[0, np.cumsum(lengths)].astype(np.int32))
            array = pa.ListArray.from_arrays(offsets, pc.struct_field(array.flatten(), part))
        else:
            array = pc.struct_field(array, part)
    return array


def _plain(array: pa.Array) -> pa.Array:
    """Give a column that holds nothing but nulls a type, so that the columns of all files fit together."""
    if pa.types.is_null(array.type):
        return array.cast(pa.float64())
    return array


def _without_placeholders(batch: AlertBatch) -> AlertBatch:
    """Turn the simulation's numbers for "no host", -9, -999 and 999, into NaN."""
    clean: dict[str, Any] = dict(batch.scalars)
    for name in set(HOST) & set(clean):
        values = clean[name]
        clean[name] = np.where((values <= -9.0) | (values >= 900.0), np.nan, values)  # noqa: PLR2004
    return AlertBatch(
        alert_id=batch.alert_id,
        offsets=batch.offsets,
        scalars=clean,
        histories=batch.histories,
        stamps=batch.stamps,
        forced=batch.forced,
        forced_offsets=batch.forced_offsets,
    )
