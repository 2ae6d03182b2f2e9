"""Classifications of the Transient Name Server, out of its public file of objects (``tns_public_objects.csv``).

Only objects that it names by an internal name of a survey here, and that have a type, become labels; they rest on the
spectra that TNS was given.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping

from fink_lib.community.draft import Draft
from fink_lib.community.taxonomy import NEWEST, TAXONOMIES
from fink_lib.errors import ConfigError
from fink_lib.followup.reports.tns import CODES
from fink_lib.surveys import SURVEYS

NEEDED = ("name", "type", "internal_names")
# Types of TNS → classes of `fink/1`, where the names differ
TYPES: Mapping[str, str] = {
    "SN I": "supernova", "SN": "supernova", "SN Ib/c": "SN Ib/c", "SN Ib-pec": "SN Ib", "SN Ia-pec": "SN Ia",
    "SN Ia-CSM": "SN Ia", "SN Iax[02cx-like]": "SN Iax", "SN Ia-91bg-like": "SN Ia-91bg", "SN Ia-91T-like": "SN Ia-91T",
    "SN II-pec": "SN II", "SN IIn-pec": "SN IIn", "SN Ibn": "SN Ib", "SN Icn": "SN Ic", "Nova": "nova",
    "CV": "cataclysmic variable",
    "Varstar": "variable star", "Kilonova": "kilonova", "LRN": "luminous red nova", "Blazar": "blazar", "QSO": "QSO",
    "M dwarf": "stellar flare", "Afterglow": "GRB afterglow",
}  # fmt: skip


def labels_of(raw: bytes) -> Iterator[Draft]:
    """Yield the labels of a file, each under a key of its own, so that the same file again adds nothing.

    Raises
    ------
    ConfigError
        When the file is not that of TNS.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError("this is no file of TNS: it is no text") from error
    lines = text.splitlines()
    begins = next((at for at, line in enumerate(lines) if "internal_names" in line), None)
    if begins is None:
        raise ConfigError(f"this is no file of TNS: no line names the columns {', '.join(NEEDED)}")
    rows = csv.DictReader(io.StringIO("\n".join(lines[begins:])))
    if missing := [name for name in NEEDED if name not in (rows.fieldnames or ())]:
        raise ConfigError(f"this is no file of TNS: it lacks the column {missing[0]}")
    for row in rows:
        yield from _of_row({name: value or "" for name, value in row.items() if name})


def _of_row(row: Mapping[str, str]) -> Iterator[Draft]:
    kind = TYPES.get(row["type"], row["type"])
    if kind not in TAXONOMIES[NEWEST].parents:
        return
    for internal in re.split(r"[,;\s]+", row["internal_names"]):
        survey = next((one for one in CODES if _is_of(one, internal)), None)
        if survey is None:
            continue
        name = internal.removeprefix(CODES[survey].prefix)
        body = {"external_name": f"{row.get('name_prefix', '')} {row['name']}".strip(), "text": f"TNS: {row['type']}"}
        key = re.sub(r"[^A-Za-z0-9_.-]", "-", f"tns.{row['name']}.{name}.{row['type']}")[:64]
        yield Draft.of({"kind": "classification", "survey": survey, "object_id": name, "taxonomy": NEWEST,
                        "label": kind, "idempotency_key": key, "body": body})  # fmt: skip


def _is_of(survey: str, internal: str) -> bool:
    """Tell whether a name at TNS is that of an object of a survey."""
    prefix, pattern = CODES[survey].prefix, SURVEYS[survey].fields.object_name
    return internal.startswith(prefix) and re.fullmatch(pattern, internal.removeprefix(prefix)) is not None
