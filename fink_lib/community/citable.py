"""How what is here is cited: a stable identifier, a landing page, a record of DataCite 4.6, a BibTeX entry.

No DOI is minted: a record has none until a provider gives it one, and says so by its identifier of the Virtual
Observatory.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from fink_lib.community.log import USUAL_AUTHORITY

SCHEMA_VERSION = "http://datacite.org/schema/kernel-4"
PUBLISHER = "Fink lake"
BIBTEX_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "&%$#_{}"} | {"\\": r"\textbackslash{}", "~": r"\~{}",
                               "^": r"\^{}"})  # fmt: skip


class Citable(StrEnum):
    """What can be cited."""

    OBJECT = "object"
    ALERT = "alert"
    NIGHT = "night"
    TRANSFER = "transfer"
    STATEMENT = "statement"


@dataclass(frozen=True)
class Record:
    """What a citation tells.

    Attributes
    ----------
    kind, survey, name
        What is cited.
    title, version
        As people read it; the version of a manifest or a table.
    made_at
        When it was made.
    digests
        What its content is known by, name → digest.
    authority
        Name of the broker in the Virtual Observatory.
    """

    kind: Citable
    survey: str
    name: str
    title: str
    version: str
    made_at: dt.datetime
    digests: Mapping[str, str]
    authority: str = USUAL_AUTHORITY

    @property
    def identifier(self) -> str:
        """Identifier of the Virtual Observatory: it stays what it is."""
        return f"ivo://{self.authority}/{self.survey or 'community'}#{self.kind}/{quote(self.name, safe='')}"

    @property
    def landing(self) -> str:
        """Path of its page."""
        pages = {Citable.OBJECT: "object", Citable.NIGHT: "night"}
        if self.kind in pages:
            return f"/{pages[self.kind]}/{self.survey}/{quote(self.name, safe='')}"
        if self.kind is Citable.ALERT:
            return f"/search?q={quote(self.name, safe='')}"
        return f"/api/v1/community/cite/{self.kind}/{quote(self.survey or 'all', safe='')}/{quote(self.name, safe='')}"


def datacite(record: Record) -> dict[str, Any]:
    """Return the record of DataCite's metadata schema 4.6, in its JSON form."""
    described = [{"description": f"{name} {digest}", "descriptionType": "TechnicalInfo", "lang": "en"}
                 for name, digest in sorted(record.digests.items())]  # fmt: skip
    return {
        "schemaVersion": SCHEMA_VERSION,
        "identifiers": [{"identifier": record.identifier, "identifierType": "IVOID"}],
        "creators": [{"name": PUBLISHER, "nameType": "Organizational"}],
        "titles": [{"title": record.title, "lang": "en"}],
        "publisher": {"name": PUBLISHER},
        "publicationYear": str(record.made_at.year),
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": str(record.kind)},
        "dates": [{"date": record.made_at.isoformat(), "dateType": "Created"}],
        "version": record.version,
        "descriptions": described,
    }


def bibtex(record: Record, host: str) -> str:
    """Return a BibTeX entry.

    Parameters
    ----------
    record
        What is cited.
    host
        Address of the broker, with ``http(s)://``.
    """
    key = re.sub(r"[^A-Za-z0-9]+", "-", f"fink-{record.survey}-{record.kind}-{record.name}").strip("-")
    fields = {
        "author": f"{{{PUBLISHER}}}",
        "title": record.title.translate(BIBTEX_SPECIAL),
        "year": str(record.made_at.year),
        "version": record.version.translate(BIBTEX_SPECIAL),
        "howpublished": rf"\url{{{host.rstrip('/')}{record.landing}}}",
        "note": record.identifier.translate(BIBTEX_SPECIAL),
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{{key},\n{lines}\n}}\n"
