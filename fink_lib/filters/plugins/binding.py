"""Columns of alerts as the arguments of Fink's filters, by the name of the argument.

They are what Spark hands to them there: pandas series with the index 0 to n-1, histories as arrays with the current
point last and NaN for null, and Fink's own words where a module or service has nothing to say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from fink_lib.errors import ConfigError
from fink_lib.filters.columns import as_array
from fink_lib.science.base import NO_MATCH


@dataclass(frozen=True)
class Argument:
    """One argument.

    Attributes
    ----------
    paths
        Columns that it is made of; those that are not there are null.
    build
        (Table with these columns, paths) → what the filter is given.
    """

    paths: tuple[str, ...]
    build: Callable[[pa.Table, tuple[str, ...]], Any]


def arguments(names: tuple[str, ...], table: pa.Table, survey: str) -> dict[str, Any]:
    """Return the arguments of these names for the alerts of a table.

    Raises
    ------
    ConfigError
        When nothing is known of a name.
    """
    known = ARGUMENTS[survey]
    strangers = [name for name in names if name not in known]
    if strangers:
        raise ConfigError(f"no column for the argument '{strangers[0]}': add it to fink_lib/filters/plugins/binding.py")
    return {name: known[name].build(table, known[name].paths) for name in names}


def paths_of(names: tuple[str, ...], survey: str) -> tuple[str, ...]:
    """Return the columns that some arguments are made of."""
    known = ARGUMENTS[survey]
    return tuple(sorted({path for name in names if name in known for path in known[name].paths}))


def _values(table: pa.Table, path: str) -> list[Any]:
    return table[path].to_pylist() if path in table.column_names else [None] * table.num_rows


def _series(table: pa.Table, paths: tuple[str, ...], null: Any) -> Any:
    values = _values(table, paths[0])
    return pd.Series([null if value is None else value for value in values], dtype=None if values else object)


def _text(table: pa.Table, paths: tuple[str, ...], null: Any) -> Any:
    return _series(table, paths, null).astype(object)


def _history(table: pa.Table, paths: tuple[str, ...]) -> Any:
    """Return histories of which the last point is the current one."""
    past, now = (_values(table, path) for path in paths)
    joined = [[*(old or ()), new] for old, new in zip(past, now, strict=True)]
    if any(isinstance(value, str) for row in joined for value in row):
        return pd.Series([np.array(row, dtype=object) for row in joined])
    return pd.Series([np.array(row, dtype=np.float64) for row in joined])


def _stamps(table: pa.Table, paths: tuple[str, ...]) -> Any:
    return pd.DataFrame({"stampData": _values(table, paths[0])})


def _record(table: pa.Table, paths: tuple[str, ...]) -> Any:
    """Return a struct as a frame with a column for each field; a flag that is null is not set."""
    columns = {}
    for path in paths:
        values: Any = as_array(table[path]) if path in table.column_names else np.full(table.num_rows, np.nan)
        flag = isinstance(values, pd.arrays.BooleanArray)
        columns[path.partition(".")[2]] = values.to_numpy(dtype=bool, na_value=False) if flag else values
    return pd.DataFrame(columns)


def _records(table: pa.Table, paths: tuple[str, ...]) -> Any:
    """Return arrays of structs as lists of mappings."""
    fields = [path.partition(".")[2] for path in paths]
    columns = [_values(table, path) for path in paths]
    found = pd.Series([None] * table.num_rows, dtype=object)
    found[:] = [_mappings(fields, row) for row in zip(*columns, strict=True)]
    return found


def _mappings(fields: list[str], row: tuple[list[Any] | None, ...]) -> list[dict[str, Any]] | None:
    size = next((len(values) for values in row if values is not None), None)
    if size is None:
        return None
    items = zip(*(values if values is not None else [None] * size for values in row), strict=True)
    return [dict(zip(fields, item, strict=True)) for item in items]


def _first_seen(table: pa.Table, paths: tuple[str, ...]) -> Any:
    past, now = (_values(table, path) for path in paths)
    return pd.Series([min([*(old or ()), new]) for old, new in zip(past, now, strict=True)])


def _name_or_none(table: pa.Table, paths: tuple[str, ...]) -> Any:
    found = pd.Series([None] * table.num_rows, dtype=object)
    found[:] = [None if name == NO_MATCH else name for name in _values(table, paths[0])]
    return found


def _number(path: str, null: Any = np.nan) -> Argument:
    return Argument((path,), partial(_series, null=null))


def _word(path: str, null: Any) -> Argument:
    return Argument((path,), partial(_text, null=null))


_CANDIDATE = ("ra", "dec", "jd", "jdstarthist", "magpsf", "sigmapsf", "drb", "classtar", "ssdistnr", "distnr")
_COUNTS = ("fid", "ndethist", "field")
_HISTORY = ("jd", "fid", "magpsf", "sigmapsf", "magnr", "sigmagnr", "magzpsci", "isdiffpos", "diffmaglim")
_SCORES = ("mulens", "snn_snia_vs_nonia", "snn_sn_vs_all", "rf_snia_vs_nonia", "rf_kn_vs_nonkn")
_FLAGS = (
    *("isDipole", "pixelFlags", "pixelFlags_bad", "pixelFlags_saturated", "pixelFlags_streakCenter"),
    *("pixelFlags_interpolated", "pixelFlags_cr", "pixelFlags_nodata", "pixelFlags_streak", "pixelFlags_edge"),
    *("psfFlux_flag", "apFlux_flag", "forced_PsfFlux_flag", "forced_PsfFlux_flag_edge", "shape_flag"),
    *("centroid_flag", "isNegative"),
)
_SOURCE = (
    "ra",
    "dec",
    "band",
    "midpointMjdTai",
    "psfFlux",
    "psfFluxErr",
    "snr",
    "templateFlux",
    "trailLength",
    "trailFlux",
)
_PAST = ("midpointMjdTai", "band", "psfFlux", "psfFluxErr", "templateFlux")
_OBJECT = (
    "nDiaSources",
    *(f"{band}_psfFlux{what}" for band in "ugrizy" for what in ("Mean", "MeanErr", "Max", "Ndata")),
)

ARGUMENTS: Mapping[str, Mapping[str, Argument]] = {
    "ztf": {
        "objectId": _word("objectId", ""),
        "isdiffpos": _word("candidate.isdiffpos", ""),
        **{name: _number(f"candidate.{name}") for name in _CANDIDATE},
        **{name: _number(f"candidate.{name}", 0) for name in _COUNTS},
        **{f"c{name}c": Argument((f"prv_candidates.{name}", f"candidate.{name}"), _history) for name in _HISTORY},
        # Fink stores 0 where a score was not computed.
        **{name: _number(name, 0.0) for name in _SCORES},
        "roid": _number("roid", 0),
        "linear_fit_slope": _number("lc_features_r.linear_fit_slope"),
        "spicy_id": _number("spicy_id", -1),
        "spicy_class": _word("spicy_class", "Unknown"),
        "tns": _word("tns", ""),
        # What Fink's crossmatch writes when the service does not answer.
        "cdsxmatch": _word("cdsxmatch", "Fail"),
        "DR3Name": _word("DR3Name", "nan"),
        "cutoutScience": Argument(("cutoutScience.stampData",), _stamps),
        "cutoutTemplate": Argument(("cutoutTemplate.stampData",), _stamps),
        "cstampDatac": _word("cutoutScience.stampData", None),
    },
    "lsst": {
        "diaSource": Argument(tuple(f"diaSource.{name}" for name in (*_SOURCE, *_FLAGS)), _record),
        "diaObject": Argument(tuple(f"diaObject.{name}" for name in _OBJECT), _record),
        "prvDiaSources": Argument(tuple(f"prvDiaSources.{name}" for name in _PAST), _records),
        "diaSourceId": _number("diaSource.diaSourceId", 0),
        "nDiaSources": _number("diaObject.nDiaSources"),
        "firstDiaSourceMjdTaiFink": Argument(("prvDiaSources.midpointMjdTai", "diaSource.midpointMjdTai"), _first_seen),
        "is_sso": _number("is_sso", null=False),
        "simbad_otype": _word("simbad_otype", None),
        "tns_fullname": Argument(("tns_fullname",), _name_or_none),
        "gaiadr3_DR3Name": _word("gaiadr3_DR3Name", None),
        "gaiadr3_Plx": _number("gaiadr3_Plx"),
        "gaiadr3_e_Plx": _number("gaiadr3_e_Plx"),
        "vsx_Type": _word("vsx", None),
        "legacydr8_zphot": _number("legacydr8_zphot"),
        "mangrove_lum_dist": _number("mangrove_lum_dist_mpc"),
        "cats_class": _number("cats_class", -1),
        "cats_score": _number("cats_score"),
        "snnSnVsOthers_score": _number("snn_sn_vs_others"),
        "elephant_kstest_template": _number("hostless_ks_template"),
        "cutoutScience": _word("cutoutScience", None),
    },
}
