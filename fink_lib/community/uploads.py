"""Files that people upload: photometry, spectra, watch lists and maps, read into statements; the file is kept too."""

import io
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fink_lib.community.draft import Draft
from fink_lib.community.kinds import PERSON, Kind
from fink_lib.community.watch import read_places, read_region
from fink_lib.errors import ConfigError, first_line
from fink_lib.votables import first_table

Facts = dict[str, Any]
SURROUNDINGS = ("survey", "object_id", "alert_id", "visibility", "idempotency_key", "supersedes")
FITS_MAGIC, JD_OF_MJD = b"SIMPLE", 2_400_000.5
MOST_ROWS = 1_000_000
OLDEST_MJD, NEWEST_MJD = 15_000.0, 100_000.0
TIMES = {"mjd": 0.0, "jd": -JD_OF_MJD}
BRIGHTNESS = {"mag": ("mag", "magnitude"), "flux": ("flux", "flux_njy")}
ERRORS = ("mag_err", "magerr", "mag_error", "flux_err", "fluxerr", "error", "err")
LIMITS = ("limit", "limiting_mag", "mag_limit", "limmag")
WAVELENGTHS = ("wavelength", "wave", "lambda", "wl")
FLUX_ERRORS = ("flux_err", "fluxerr", "error", "err", "uncertainty")


def table_of(raw: bytes) -> Any:
    """Return the table of a file, as astropy has it: FITS, VOTable, or text with a header line.

    Raises
    ------
    ConfigError
        When it is none.
    """
    from astropy.table import Table  # noqa: PLC0415 - slow to import

    try:
        if raw.startswith(FITS_MAGIC):
            return Table.read(io.BytesIO(raw), format="fits")
        if raw.lstrip()[:1] == b"<":
            return first_table(raw, MOST_ROWS).to_table(use_names_over_ids=True)
        text = raw.decode("utf-8-sig")
        lines = text.splitlines()  # one text without an end of line would be the name of a file, or an address
        comma = "," in next((line for line in lines if line and not line.startswith("#")), "")
        return Table.read(lines, format="ascii.csv" if comma else "ascii", comment="#")
    except Exception as error:
        raise ConfigError(f"the file is no table (CSV, FITS, VOTable): {first_line(error)[:200]}") from error


def draft_of_upload(kind: str, raw: bytes, said: Mapping[str, str]) -> Draft:
    """Return the statement of an uploaded file.

    Parameters
    ----------
    kind
        ``photometry``, ``spectrum``, ``watch_list`` or ``watch_map``.
    raw
        The file.
    said
        What came beside it: survey, object_id, visibility, instrument, …. What a watch list has not said is private.

    Raises
    ------
    ConfigError
        Naming what cannot be used.
    """
    if kind not in _READ:
        raise ConfigError(f"'{kind[:20]}' is no kind of upload: {', '.join(_READ)}")
    if not raw.strip():
        raise ConfigError("the file is empty")
    told = {name: value for name, value in said.items() if value}
    around: Facts = {name: told.pop(name) for name in SURROUNDINGS if name in told}
    if "alert_id" in around:
        if not re.fullmatch(r"-?[0-9]{1,19}", around["alert_id"]):
            raise ConfigError("the alert_id is no number")
        around["alert_id"] = int(around["alert_id"])
    body = _READ[kind](raw, told)
    return Draft.of({**around, "kind": kind, "body": body, "content": raw, "content_type": "application/octet-stream"})


def private_to(name: str) -> str:
    """Return the visibility of what only its author sees."""
    return PERSON + name


def _photometry(raw: bytes, said: Mapping[str, str]) -> Facts:
    table = table_of(raw)
    names = {name.lower(): name for name in table.colnames}
    time = next((one for one in TIMES if one in names), None)
    measure = next((one for one, known in BRIGHTNESS.items() if _named(names, known)), None)
    if time is None or measure is None:
        raise ConfigError(f"photometry has columns mjd (or jd) and mag (or flux); this has {', '.join(names)[:200]}")
    at = _numbers(table, names[time]) + TIMES[time]
    if not ((at > OLDEST_MJD) & (at < NEWEST_MJD)).all():
        raise ConfigError(f"a time is none: {time} of row {int(np.argmin((at > OLDEST_MJD) & (at < NEWEST_MJD))) + 1}")
    values = _numbers(table, str(_named(names, BRIGHTNESS[measure])))
    errors, limits = (_optional(table, _named(names, known)) for known in (ERRORS, LIMITS))
    bands = [str(one) for one in table[names["band"]]] if "band" in names else [said.get("band", "")] * len(at)
    points = [_point(*row) for row in zip(at, values, errors, limits, bands, strict=True)]
    if not any(point for point in points):
        raise ConfigError("no row has a brightness or a limit")
    unit = said.get("unit") or ("mag" if measure == "mag" else "nJy")
    rest = {name: said[name] for name in ("observer", "text") if name in said}
    return {"instrument": said.get("instrument", ""), "unit": unit, "points": points, **rest}


def _point(mjd: float, value: float, error: float, limit: float, band: str) -> Facts:
    found: Facts = {"mjd": float(mjd), "band": band.strip()}
    for name, one in (("value", value), ("error", error), ("limit", limit)):
        if np.isfinite(one):
            found[name] = float(one)
    if "value" not in found and "limit" not in found:
        raise ConfigError(f"the row at MJD {mjd:.5f} has neither brightness nor limit")
    return found


def _spectrum(raw: bytes, said: Mapping[str, str]) -> Facts:
    wave, flux, error = _image(raw) if raw.startswith(FITS_MAGIC) and _is_image(raw) else _columns(raw)
    if not (np.isfinite(wave).all() and (np.diff(wave) > 0).all()):
        raise ConfigError("wavelengths are finite and grow from row to row")
    if not np.isfinite(flux).all():
        raise ConfigError(f"the flux of row {int(np.argmin(np.isfinite(flux))) + 1} is no number")
    rest = {name: said[name] for name in ("observer", "flux_unit", "text") if name in said}
    found = {"instrument": said.get("instrument", ""), "observed_at": said.get("observed_at", ""), **rest}
    errors = {} if error is None else {"flux_err": error.tolist()}
    unit = said.get("wavelength_unit", "Angstrom")
    return {**found, "wavelength_unit": unit, "wavelength": wave.tolist(), "flux": flux.tolist(), **errors}


def _is_image(raw: bytes) -> bool:
    from astropy.io import fits  # noqa: PLC0415

    with fits.open(io.BytesIO(raw)) as hdus:
        return bool(hdus[0].header.get("NAXIS", 0))


def _image(raw: bytes) -> tuple[Any, Any, None]:
    """Read a spectrum whose wavelengths are told by its header (FITS paper III: linear axis)."""
    from astropy.io import fits  # noqa: PLC0415

    with fits.open(io.BytesIO(raw)) as hdus:
        header, flux = hdus[0].header, np.asarray(hdus[0].data, dtype=float).reshape(-1, hdus[0].header["NAXIS1"])[0]
        step = header.get("CDELT1", header.get("CD1_1"))
        if step is None or "CRVAL1" not in header:
            raise ConfigError("the FITS image tells no wavelengths: CRVAL1 and CDELT1 are missing")
        pixels = np.arange(1, len(flux) + 1) - header.get("CRPIX1", 1.0)
        return header["CRVAL1"] + step * pixels, flux, None


def _columns(raw: bytes) -> tuple[Any, Any, Any]:
    table = table_of(raw)
    names = {name.lower(): name for name in table.colnames}
    wave, flux = _named(names, WAVELENGTHS), _named(names, ("flux", "f_lambda", "flux_density"))
    if wave is None or flux is None:
        raise ConfigError(f"a spectrum has columns wavelength and flux; this has {', '.join(names)[:200]}")
    error = _named(names, FLUX_ERRORS)
    return _numbers(table, wave), _numbers(table, flux), None if error is None else _numbers(table, error)


def _watch_list(raw: bytes, said: Mapping[str, str]) -> Facts:
    found = read_places(raw)
    return {"list_name": said.get("list_name", ""), "entries": len(found.labels), "text": said.get("text", "")}


def _watch_map(raw: bytes, said: Mapping[str, str]) -> Facts:
    found = read_region(raw)
    area = {"area_deg2": found.area_deg2, "order": found.order}
    return {"list_name": said.get("list_name", ""), **area, "text": said.get("text", "")}


def _named(names: Mapping[str, str], known: tuple[str, ...]) -> str | None:
    return next((names[one] for one in known if one in names), None)


def _numbers(table: Any, name: str) -> Any:
    try:
        return np.ma.filled(np.ma.asarray(table[name], dtype=float), np.nan)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"the column '{name}' holds something that is no number") from error


def _optional(table: Any, name: str | None) -> Any:
    return np.full(len(table), np.nan) if name is None else _numbers(table, name)


_READ: Mapping[str, Callable[[bytes, Mapping[str, str]], Facts]] = {
    str(Kind.PHOTOMETRY): _photometry,
    str(Kind.SPECTRUM): _spectrum,
    str(Kind.WATCH_LIST): _watch_list,
    str(Kind.WATCH_MAP): _watch_map,
}
