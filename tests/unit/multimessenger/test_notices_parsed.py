"""Every notice at hand is read, with the values that stand in its file, or named with the reason why not."""

from collections import Counter
from pathlib import Path

import pytest
from gcn_fixtures import NO_EVENT, UNREADABLE, content_of, expected

from fink_lib.multimessenger.event import Event
from fink_lib.multimessenger.parsing import Outcome, parse


def said(event: Event) -> dict[str, str]:
    where = event.where
    return {
        "event_id": event.event_id,
        "instrument": event.instrument,
        "kind": event.kind,
        "action": event.action,
        "purpose": event.purpose,
        "trigger": event.trigger_time.isoformat().removesuffix("+00:00") if event.trigger_time else "-",
        "shape": where.shape,
        "ra": number(where.ra_deg),
        "dec": number(where.dec_deg),
        "major": number(where.semi_major_deg),
        "containment": number(where.containment),
        "revision": number(event.revision),
    }


def number(value: float | None) -> str:
    return "-" if value is None else repr(float(value))


@pytest.mark.parametrize("name", sorted(expected()))
def test_each_notice_says_what_its_file_says(name: str, real_alerts: Path, request: pytest.FixtureRequest) -> None:
    file = real_alerts / "gcn" / name  # those with a map of the sky are larger than what the repository keeps
    parsed = parse(content_of(file if file.exists() else request.getfixturevalue("shared_data") / "gcn" / name))
    assert parsed.outcome is Outcome.EVENT, parsed.reason
    assert parsed.event is not None
    wanted = expected()[name]
    numbers = ("ra", "dec", "major", "containment", "revision")
    assert said(parsed.event) == wanted | {
        one: wanted[one] if wanted[one] == "-" else repr(float(wanted[one])) for one in numbers
    }


def test_every_file_is_an_event_or_has_a_reason(shared_data: Path) -> None:
    files = [path for path in sorted((shared_data / "gcn").glob("*/*")) if path.is_file()]
    told = {str(path.relative_to(shared_data / "gcn")): parse(content_of(path)) for path in files}
    schemas = {name for name in told if name.endswith(".schema.json")}
    counted = Counter(one.outcome for one in told.values())
    assert counted == {Outcome.EVENT: len(expected()), Outcome.NO_EVENT: 5 + len(schemas), Outcome.UNREADABLE: 4}
    for name, reason in {**NO_EVENT, **UNREADABLE, **dict.fromkeys(schemas, "a JSON schema")}.items():
        assert reason in told[name].reason
        assert told[name].event is None
    assert set(NO_EVENT) | schemas == {name for name, one in told.items() if one.outcome is Outcome.NO_EVENT}


def test_what_only_some_notices_say(shared_data: Path) -> None:
    def event(name: str) -> Event:
        found = parse(content_of(shared_data / "gcn" / name)).event
        assert found is not None
        return found

    gw = event("voevent_finkmm/lvk__initial.txt")
    assert (gw.significant, gw.far_hz) == (True, 3.218261352069347e-10)
    assert gw.classes["NSBH"] == 0.8642645059209272
    assert (gw.where.skymap or b"")[:9] == b"SIMPLE  ="
    old = event("skyportal/GW190814.xml")
    assert old.where.skymap_url == "data/LALInference.v1.fits.gz"
    assert old.classes == {"BNS": 0.0, "NSBH": 0.99789, "BBH": 0.0, "MassGap": 0.00211, "Terrestrial": 0.0}
    assert old.follows == tuple(
        f"ivo://gwnet/LVC#S190814bv-{one}" for one in ("4-Update", "3-Preliminary", "2-Initial", "1-Preliminary")
    )
    cascade = event("voevent_finkmm/icecube__voevent_number=825.xml")
    assert cascade.far_hz == pytest.approx(0.3110 / 365.25 / 86400)  # 0.3110 a year in the file
    assert cascade.name == "IceCubeCascade-220801a"
    assert event("gcn_schema_json/maxi__gsc.known.example.json").known_source == "Swift J1858.6-0814"
    assert event("gcn_schema_json/chime__frb.subsequent.example.json").known_source == "FRB 20231013B"
    assert event("gcn_schema_json/chime__frb.detection.example.json").known_source == ""
    assert event("voevent_finkmm/fermi__voevent_number=2842.xml").known_source == "0FGLJ1641.4+3939_86400.png"
    assert event("gcn_schema_json/maxi__gsc.unknown.rectangle.example.json").where.corners_deg == (
        345.72, 19.547, 345.464, 19.29, 347.309, 17.634, 347.566, 17.889
    )  # fmt: skip
    ellipse = event("gcn_schema_json/maxi__gsc.unknown.ellipse.example.json").where
    assert (ellipse.semi_minor_deg, ellipse.position_angle_deg) == (0.19, 153.0)
    chime = event("gcn_schema_json/chime__frb.detection.example.json").where  # errors in right ascension, declination
    assert (chime.semi_minor_deg, chime.position_angle_deg) == (0.503806986334273, 0.0)


VOEVENT = '<voe:VOEvent xmlns:voe="x" ivorn="ivo://nasa.gsfc.gcn/Fermi#GBM_Alert_1" role="{role}" version="2.0">{body}'
END = "</voe:VOEvent>"


@pytest.mark.parametrize(
    ("content", "outcome", "reason"),
    [
        (b"", Outcome.UNREADABLE, "an empty notice"),
        (b"TITLE:  GCN/FERMI NOTICE", Outcome.UNREADABLE, "neither XML nor JSON"),
        (b'{"superevent_id": "S1', Outcome.UNREADABLE, "JSON that cannot be parsed"),
        (b'{"superevent_id": "S230518h", "alert_type": "INITIAL", "event": null}', Outcome.UNREADABLE, "without an"),
        (b'{"superevent_id": "X1", "alert_type": "RETRACTION"}', Outcome.UNREADABLE, "no name of a superevent"),
        (b'{"superevent_id": "S230518h", "alert_type": "GUESS", "event": {}}', Outcome.UNREADABLE, "type 'GUESS'"),
        (VOEVENT.format(role="observation", body="").encode(), Outcome.UNREADABLE, "XML that cannot be parsed"),
        ((VOEVENT + END).format(role="utility", body="").encode(), Outcome.NO_EVENT, "role 'utility'"),
        (b"<rss></rss>", Outcome.UNREADABLE, "root is <rss>"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><VOEvent ivorn="x#y"/>', Outcome.UNREADABLE, "document type"),
        (
            (VOEVENT + END).format(role="observation", body="<ISOTime>yesterday</ISOTime>").encode(),
            Outcome.UNREADABLE,
            "the time of the event is 'yesterday'",
        ),
    ],
)
def test_what_cannot_be_used_has_a_name(content: bytes, outcome: Outcome, reason: str) -> None:
    parsed = parse(content)
    assert (parsed.outcome, parsed.event) == (outcome, None)
    assert reason in parsed.reason


@pytest.mark.parametrize(
    ("parameter", "value", "field", "wanted"),
    [
        ("Test_Submission", "true", "purpose", "test"),
        ("Test_Notice", "true", "purpose", "test"),
        ("Retraction", "true", "action", "retraction"),
        ("Def_NOT_a_GRB", "true", "action", "retraction"),
        ("Rev", "1", "action", "update"),
        ("Retraction", "false", "action", "initial"),
    ],
)
def test_flags_of_a_voevent(parameter: str, value: str, field: str, wanted: str) -> None:
    body = f'<What><Param name="TrigID" value="7"/><Group><Param name="{parameter}" value="{value}"/></Group></What>'
    event = parse((VOEVENT + END).format(role="observation", body=body).encode()).event
    assert event is not None
    assert (event.event_id, getattr(event, field)) == ("test:fermi:7" if wanted == "test" else "fermi:7", wanted)


@pytest.mark.parametrize(
    ("superevent", "search", "purpose"),
    [("S230518h", "AllSky", "observation"), ("MS230518h", "AllSky", "mock"), ("TS230518h", "AllSky", "test"),
     ("S230518h", "MDC", "mock"), ("GW170817A", "AllSky", "observation")],
)  # fmt: skip
def test_mocks_and_tests_are_told_apart(superevent: str, search: str, purpose: str) -> None:
    text = f'{{"superevent_id": "{superevent}", "alert_type": "UPDATE", "event": {{"search": "{search}"}}}}'
    event = parse(text.encode()).event
    assert event is not None
    assert event.purpose == purpose
