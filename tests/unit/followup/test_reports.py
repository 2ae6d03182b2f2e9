"""Reports to others: fields counted by hand, GCN's own JSON schema, and a reader of VOEvents."""

import datetime as dt
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from fink_lib.errors import ConfigError
from fink_lib.followup.reports.discovery import Discovery, Measured, discovery
from fink_lib.followup.reports.messages import gcn_notice, hermes_message
from fink_lib.followup.reports.tns import (
    AT_TYPES,
    CLASS_IDS,
    CODES,
    Reporter,
    Spectrograph,
    at_report,
    classification_report,
    form,
    spectrum_file,
)
from fink_lib.followup.reports.tns_import import TYPES
from fink_lib.followup.reports.voevent import voevent

DAY = dt.datetime(2026, 1, 20, 3, 4, 5, 678000, tzinfo=dt.UTC)
US = Reporter("103", "A. Observer, on behalf of a broker", "found in the public stream")


def points() -> list[Measured]:
    """Two detections and three limits, of which one is of another band and one is later; one negative detection."""

    def at(days: float) -> dt.datetime:
        return DAY + dt.timedelta(days=days)

    return [
        Measured(at(1), "g", 18.0, 0.05, 20.5, 359.99998, 10.0),
        Measured(at(0), "r", 18.51234, 0.1, 20.1, 0.00002, 10.00001),
        Measured(at(-1), "g", limit_mag=20.9),
        Measured(at(-3), "r", limit_mag=20.3),
        Measured(at(-5), "r", limit_mag=19.9),
        Measured(at(0.5), "r", limit_mag=20.0),
        Measured(at(-4), "r", None, None, None, 0.0, 10.0),
    ]


@pytest.fixture
def found() -> Discovery:
    return discovery("ztf", "ZTF26aaaaaaa", points())


def test_the_first_detection_and_the_limit_before_it(found: Discovery) -> None:
    assert (found.first.mag, found.last_limit and found.last_limit.limit_mag) == (18.51234, 20.3)
    assert found.ra_deg == pytest.approx(0.0, abs=1e-9)  # across the origin of right ascension
    assert found.ra_err_arcsec == pytest.approx(0.00002 * 3600 * 0.984808, rel=1e-4)
    assert found.dec_err_arcsec == 0.05


def test_an_at_report(found: Discovery) -> None:
    exposure = {"flux_units": "1", "filter_value": "111", "instrument_value": "196", "exptime": "30",
                "observer": "Robot", "comments": ""}  # fmt: skip
    assert at_report(found, US) == {
        "ra": {"value": "0.000000", "error": "0.071", "units": "arcsec"},
        "dec": {"value": "10.000005", "error": "0.050", "units": "arcsec"},
        "reporting_group_id": "103",
        "discovery_data_source_id": "48",
        "reporter": US.names,
        "discovery_datetime": "2026-01-20 03:04:05.678",
        "at_type": "1",
        "internal_name": "ZTF26aaaaaaa",
        "remarks": US.remarks,
        "non_detection": {**exposure, "obsdate": "2026-01-17 03:04:05.678", "limiting_flux": "20.300"},
        "photometry": {"photometry_group": {"0": {
            **exposure, "obsdate": "2026-01-20 03:04:05.678", "flux": "18.512", "flux_error": "0.100",
            "limiting_flux": "20.100"}}},
    }  # fmt: skip
    assert at_report(found, US, "agn")["at_type"] == "3"
    sent = form(at_report(found, US), "at_report", "key")
    assert json.loads(sent["data"])["at_report"]["0"]["internal_name"] == "ZTF26aaaaaaa"


def test_a_missing_limit_names_an_archive() -> None:
    alone = discovery("lsst", "170028", [Measured(DAY, "i", 21.0, 0.1, None, 10.0, -5.0)])
    report = at_report(alone, US)
    assert report["non_detection"] == {
        "archiveid": "0",
        "archival_remarks": "no limit before the first detection is known",
    }
    assert report["photometry"]["photometry_group"]["0"]["filter_value"] == "163"
    assert report["internal_name"] == "LSST-AP-DO-170028"


def test_what_is_not_reported() -> None:
    with pytest.raises(ConfigError, match="no detection that is brighter"):
        discovery("ztf", "ZTF26aaaaaaa", points()[2:])
    with pytest.raises(ConfigError, match="no codes of winter"):
        at_report(discovery("winter", "x", [Measured(DAY, "J", 15.0, None, None, 1.0, 1.0)]), US)
    with pytest.raises(ConfigError, match="band w"):
        at_report(discovery("ztf", "x", [Measured(DAY, "w", 15.0, None, None, 1.0, 1.0)]), US)
    with pytest.raises(ConfigError, match="no AT type"):
        at_report(discovery("ztf", "x", [Measured(DAY, "r", 15.0, None, None, 1.0, 1.0)]), US, "ufo")


def test_a_classification_rests_on_a_spectrum_that_a_person_has_read() -> None:
    taken = {"observed_at": "2026-01-21T02:00:00Z", "instrument": "ALFOSC", "observer": "A. Observer"}
    values = {"wavelength": [400.0, 401.0], "flux": [1.5, 2.5], "flux_err": None, "wavelength_unit": "nm"}
    spectrum = {"statement_id": "s1", "kind": "spectrum", "body": json.dumps(taken | values)}
    label = {"origin": "person", "label": "SN Ia", "body": '{"spectrum": "s1"}'}
    alfosc = Spectrograph("41", "10")
    report = classification_report(label, spectrum, US, "2026abc", alfosc)
    assert (report["objtypeid"], report["name"]) == ("3", "2026abc")
    assert report["spectra"]["spectra-group"]["0"]["obsdate"] == "2026-01-21 02:00:00.000"
    assert report["spectra"]["spectra-group"]["0"]["instrumentid"] == "41"
    assert spectrum_file(spectrum) == "4000 1.5\n4010 2.5\n"
    for wrong in ({"body": "{}"}, {"body": '{"spectrum": "s2"}'}, {"origin": "program"}):
        with pytest.raises(ConfigError, match="uploaded spectrum only"):
            classification_report({**label, **wrong}, spectrum, US, "2026abc", alfosc)
    with pytest.raises(ConfigError, match="no object type"):
        classification_report({**label, "label": "bogus"}, spectrum, US, "2026abc", alfosc)
    with pytest.raises(ConfigError, match="ids that TNS has for ALFOSC"):
        classification_report(label, spectrum, US, "2026abc", Spectrograph("ALFOSC", "10"))


def test_the_codes_are_those_that_tns_publishes() -> None:
    published = {
        "SN": 1, "SN Ia": 3, "SN Ib": 4, "SN Ic": 5, "SN Ib/c": 6, "SN Ic-BL": 7, "SN II": 10, "SN IIP": 11,
        "SN IIL": 12, "SN IIn": 13, "SN IIb": 14, "SLSN-I": 18, "SLSN-II": 19, "Nova": 26, "CV": 27, "AGN": 29,
        "Kilonova": 70, "SN Ia-91bg-like": 103, "SN Ia-91T-like": 104, "SN Iax[02cx-like]": 105, "TDE": 120,
    }  # fmt: skip
    assert {name: int(value) for name, value in CLASS_IDS.items()} == {
        TYPES.get(name, name): value for name, value in published.items()
    }
    assert (AT_TYPES["psn"], CODES["ztf"].instrument, CODES["lsst"].instrument) == ("1", "196", "287")  # fink-tns 1.0
    assert CODES["ztf"].filters == {"g": "110", "r": "111", "i": "112"}
    assert CODES["lsst"].filters == {"u": "160", "g": "161", "r": "162", "i": "163", "z": "164", "y": "165"}
    assert (CODES["ztf"].data_source, CODES["lsst"].data_source) == ("48", "165")


def test_a_voevent_is_read_again(found: Discovery) -> None:
    cites = [("ivo://fink.lake/community#1", "followup"), ("ivo://x/y#2", "supersedes")]
    packet = voevent(found, "ivo://fink.lake/ztf#ZTF26aaaaaaa", "A. & B. <Observers>", DAY, cites=cites,
                     classes={"SN Ia": 0.9}, why="rising")  # fmt: skip
    assert b"A. &amp; B. &lt;Observers&gt;" in packet
    assert b'<EventIVORN cite="followup">ivo://fink.lake/community#1</EventIVORN>' in packet
    root = ET.fromstring(packet)  # noqa: S314 - our own
    assert root.attrib["role"] == "test"
    assert [one.tag for one in root] == ["Who", "What", "WhereWhen", "Why", "Citations"]  # the order of the schema
    assert root.findtext(".//C1") == "0.000000"
    assert root.findtext("Why/Inference/Concept") == "SN Ia"
    with pytest.raises(ConfigError, match="VOEvent cites"):
        voevent(found, "ivo://a/b", "x", DAY, cites=[("ivo://a/c", "likes")])
    with pytest.raises(ConfigError, match="VOEvent cites"):
        voevent(found, "ivo://a/b", "x", DAY, cites=[("doi:10.1/x", "followup")])
    with pytest.raises(ConfigError, match="role"):
        voevent(found, "ivo://a/b", "x", DAY, role="gossip")


def test_a_notice_has_the_fields_of_gcns_own_example(found: Discovery, real_alerts: Path) -> None:
    path = real_alerts / "gcn" / "gcn_schema_json" / "boom__alert.example.json"
    example = json.loads(path.read_text())
    notice = gcn_notice(found, {"SN Ia": 0.9}, DAY)
    assert notice.keys() == example.keys()
    assert notice["$schema"] == example["$schema"]
    target, point = notice["data"]["targets"][0], notice["data"]["photometry"][3]
    assert set(target) - set(example["data"]["targets"][0]) == {"position_a_error"}  # of core/Localization.schema.json
    assert set(point) <= set(example["data"]["photometry"][1])
    assert {type(point[name]) for name in point} == {str, float}
    limits = [one.get("limiting_mag") for one in notice["data"]["photometry"]]
    assert limits == [19.9, 20.3, 20.9, 20.1, 20.0, 20.5]  # the negative detection without a limit is left out


def test_a_message_of_hermes(found: Discovery) -> None:
    message = hermes_message(
        found, title="New object", text="It rises.", authors="A. Observer", submitter="observer", topic="hermes.test"
    )
    assert message["data"]["targets"][0]["name"] == "ZTF26aaaaaaa"
    rows = message["data"]["photometry"]
    assert [row.get("brightness") for row in rows] == [None, None, None, 18.51234, None, 18.0]
    assert rows[0]["limiting_brightness"] == 19.9
    with pytest.raises(ValueError, match="no text"):
        hermes_message(found, title="a\x07b", text="", authors="", submitter="", topic="")
