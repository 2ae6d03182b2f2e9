"""Reports to the Transient Name Server: discoveries (AT reports) and classifications.

Fields and codes: TNS 2.0 bulk reports manual, and https://www.wis-tns.org/api/values. A classification rests on an
uploaded spectrum, never on votes or scores.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fink_lib.errors import ConfigError
from fink_lib.followup.reports.discovery import Discovery, Measured

AB_MAG = "1"
AT_TYPES: Mapping[str, str] = {"other": "0", "psn": "1", "pnv": "2", "agn": "3", "nuc": "4", "frb": "5"}
OTHER_ARCHIVE = "0"
# Classes of `fink/1` → ids of TNS object types (https://www.wis-tns.org/api/values, object_types)
CLASS_IDS: Mapping[str, str] = {
    "supernova": "1", "SN Ia": "3", "SN Ia-91bg": "103", "SN Ia-91T": "104", "SN Iax": "105", "SN Ib": "4",
    "SN Ic": "5", "SN Ic-BL": "7", "SN Ib/c": "6", "SN II": "10", "SN IIP": "11", "SN IIL": "12", "SN IIn": "13",
    "SN IIb": "14", "SLSN-I": "18", "SLSN-II": "19", "nova": "26", "cataclysmic variable": "27", "AGN": "29",
    "kilonova": "70", "TDE": "120",
}  # fmt: skip


@dataclass(frozen=True)
class Codes:
    """What TNS calls a survey's camera.

    Attributes
    ----------
    instrument
        Its id.
    filters
        Band → id.
    exposure_s
        Of its exposures.
    data_source
        Id of the discovery data source; empty to give none.
    prefix
        Before the name of an object: TNS knows those of Rubin so.
    """

    instrument: str
    filters: Mapping[str, str]
    exposure_s: str
    data_source: str
    prefix: str = ""


# As in fink-tns 1.0 and at https://www.wis-tns.org/api/values: ZTF-Cam 196, LSSTCam 287; g-ZTF 110 …, u-LSST 160 …
CODES: Mapping[str, Codes] = {
    "ztf": Codes("196", {"g": "110", "r": "111", "i": "112"}, "30", "48"),
    "lsst": Codes("287", {band: str(160 + at) for at, band in enumerate("ugrizy")}, "30", "165", "LSST-AP-DO-"),
}


@dataclass(frozen=True)
class Reporter:
    """Who reports.

    Attributes
    ----------
    group_id
        Id of the reporting group.
    names
        As TNS prints them.
    remarks
        Free text.
    """

    group_id: str
    names: str
    remarks: str = ""


@dataclass(frozen=True)
class Spectrograph:
    """What TNS calls what took a spectrum; whoever reports looks it up at https://www.wis-tns.org/api/values.

    Attributes
    ----------
    instrument_id
        Id of the instrument.
    spectrum_type_id
        Id of the type of a spectrum of the object itself.
    """

    instrument_id: str
    spectrum_type_id: str


def at_report(found: Discovery, reporter: Reporter, at_type: str = "psn") -> dict[str, Any]:
    """Return one entry of an AT report.

    Parameters
    ----------
    found, reporter
        What is reported, and by whom.
    at_type
        ``psn``, ``agn``, …, see `AT_TYPES`.

    Raises
    ------
    ConfigError
        When TNS has no code of the survey, a band or the type.
    """
    codes = _codes(found)
    if at_type not in AT_TYPES:
        raise ConfigError(f"there is no AT type '{at_type}': {', '.join(AT_TYPES)}")
    return {
        "ra": {"value": f"{found.ra_deg:.6f}", "error": f"{found.ra_err_arcsec:.3f}", "units": "arcsec"},
        "dec": {"value": f"{found.dec_deg:.6f}", "error": f"{found.dec_err_arcsec:.3f}", "units": "arcsec"},
        "reporting_group_id": reporter.group_id,
        "discovery_data_source_id": codes.data_source,
        "reporter": reporter.names,
        "discovery_datetime": _time(found.first.at),
        "at_type": AT_TYPES[at_type],
        "internal_name": codes.prefix + found.object_id,
        "remarks": reporter.remarks,
        "non_detection": _non_detection(found.last_limit, codes),
        "photometry": {"photometry_group": {"0": _photometry(found.first, codes)}},
    }


def _codes(found: Discovery) -> Codes:
    if found.survey not in CODES:
        raise ConfigError(f"TNS has no codes of {found.survey} here: fink_lib/followup/reports/tns.py lists them")
    codes = CODES[found.survey]
    if found.first.band not in codes.filters:
        raise ConfigError(f"TNS has no code of the band {found.first.band} of {found.survey}")
    return codes


def _non_detection(limit: Measured | None, codes: Codes) -> dict[str, str]:
    """Return the last non-detection; where none is known, TNS wants an archive to be named."""
    if limit is None:
        return {"archiveid": OTHER_ARCHIVE, "archival_remarks": "no limit before the first detection is known"}
    return {**_exposure(limit, codes), "limiting_flux": f"{limit.limit_mag:.3f}"}


def _photometry(one: Measured, codes: Codes) -> dict[str, str]:
    limit = "" if one.limit_mag is None else f"{one.limit_mag:.3f}"
    error = "" if one.mag_err is None else f"{one.mag_err:.3f}"
    return {**_exposure(one, codes), "flux": f"{one.mag:.3f}", "flux_error": error, "limiting_flux": limit}


def _exposure(one: Measured, codes: Codes) -> dict[str, str]:
    return {
        "obsdate": _time(one.at),
        "flux_units": AB_MAG,
        "filter_value": codes.filters[one.band],
        "instrument_value": codes.instrument,
        "exptime": codes.exposure_s,
        "observer": "Robot",
        "comments": "",
    }


def _time(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def classification_report(
    label: Mapping[str, Any], spectrum: Mapping[str, Any], reporter: Reporter, tns_name: str, taken_by: Spectrograph
) -> dict[str, Any]:
    """Return one entry of a classification report.

    Parameters
    ----------
    label
        A classification that stands.
    spectrum
        The statement with the spectrum that it was read off.
    reporter, tns_name
        Who reports, and the name of the object at TNS, without prefix.
    taken_by
        What took the spectrum. None of its ids is known here: a spectrum names its instrument by a word.

    Raises
    ------
    ConfigError
        When the label rests on no spectrum, TNS has no id of its class, or what took the spectrum has none.
    """
    named = json.loads(label["body"]).get("spectrum")
    if label["origin"] != "person" or spectrum["kind"] != "spectrum" or named != spectrum["statement_id"]:
        raise ConfigError("a classification is reported where a person has read it off an uploaded spectrum only")
    if label["label"] not in CLASS_IDS:
        raise ConfigError(f"TNS has no object type for '{label['label']}' here")
    body = json.loads(spectrum["body"])
    if not all(one.isascii() and one.isdigit() for one in (taken_by.instrument_id, taken_by.spectrum_type_id)):
        raise ConfigError(f"give the ids that TNS has for {body['instrument']} and for a spectrum of the object")
    taken = {
        "obsdate": _time(dt.datetime.fromisoformat(body["observed_at"])),
        "instrumentid": taken_by.instrument_id,
        "observer": body["observer"],
        "ascii_file": f"{spectrum['statement_id']}.txt",
        "spectypeid": taken_by.spectrum_type_id,
    }
    return {
        "name": tns_name,
        "classifier": reporter.names,
        "objtypeid": CLASS_IDS[label["label"]],
        "groupid": reporter.group_id,
        "remarks": reporter.remarks,
        "spectra": {"spectra-group": {"0": taken}},
    }


def spectrum_file(spectrum: Mapping[str, Any]) -> str:
    """Return a spectrum as the text file that TNS takes: wavelength in Angstrom, flux, error if there is one."""
    body = json.loads(spectrum["body"])
    scale = {"Angstrom": 1.0, "nm": 10.0}[body["wavelength_unit"]]
    columns = [[value * scale for value in body["wavelength"]], body["flux"]]
    columns += [body["flux_err"]] if body["flux_err"] else []
    return "\n".join(" ".join(f"{value:.8g}" for value in row) for row in zip(*columns, strict=True)) + "\n"


def form(report: Mapping[str, Any], kind: str, key: str) -> dict[str, str]:
    """Return the fields that are posted: ``api_key`` and the report as JSON.

    Parameters
    ----------
    report
        Of one object.
    kind
        Name of the list that TNS takes it in: `at_report`, say.
    key
        The bot's key, a secret.
    """
    return {"api_key": key, "data": json.dumps({kind: {"0": dict(report)}})}
