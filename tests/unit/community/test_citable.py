"""How a night is cited, by the fields that DataCite demands; names that BibTeX would take for commands."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

from community_bench import ANNA, said

from fink_lib.community.citable import Citable, Record, bibtex, datacite
from fink_lib.community.log import Log
from fink_lib.config import Settings

NIGHT = Record(Citable.NIGHT, "ztf", "2021-11-22", "Alerts of a night & more", "3",
               dt.datetime(2021, 11, 23, tzinfo=dt.UTC), {"table silver_ztf__alerts": "version 7"})  # fmt: skip


def test_a_record_of_datacite() -> None:
    """Mandatory properties of DataCite 4.6: identifier, creator, title, publisher, publication year, resource type."""
    found = datacite(NIGHT)
    assert found["identifiers"] == [{"identifier": "ivo://fink.lake/ztf#night/2021-11-22", "identifierType": "IVOID"}]
    assert found["creators"][0]["nameType"] == "Organizational"
    assert (found["titles"][0]["title"], found["publicationYear"]) == ("Alerts of a night & more", "2021")
    assert found["publisher"] == {"name": "Fink lake"}
    assert found["types"] == {"resourceTypeGeneral": "Dataset", "resourceType": "night"}
    assert found["descriptions"][0]["description"] == "table silver_ztf__alerts version 7"


def test_an_entry_of_bibtex() -> None:
    assert bibtex(NIGHT, "http://here/") == (
        "@misc{fink-ztf-night-2021-11-22,\n"
        "  author = {{Fink lake}},\n"
        "  title = {Alerts of a night \\& more},\n"
        "  year = {2021},\n"
        "  version = {3},\n"
        "  howpublished = {\\url{http://here/night/ztf/2021-11-22}},\n"
        "  note = {ivo://fink.lake/ztf\\#night/2021-11-22}\n}\n"
    )


def test_each_kind_has_an_identifier_of_its_own() -> None:
    names = {Record(kind, "ztf", "a/b", "t", "", NIGHT.made_at, {}).identifier for kind in Citable}
    assert len(names) == len(Citable)
    assert "ivo://fink.lake/ztf#object/a%2Fb" in names


def test_identifiers_bear_the_name_of_the_broker(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, authority="fink.example")
    row = said(Log.of(settings), ANNA, "comment", body={"text": "rising"})
    assert row["ivorn"] == f"ivo://fink.example/community#{row['statement_id']}"
    assert replace(NIGHT, authority="fink.example").identifier == "ivo://fink.example/ztf#night/2021-11-22"
