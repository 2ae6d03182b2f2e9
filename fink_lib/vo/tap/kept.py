"""The answer of a job as it lies in its folder: rows, and what its columns are."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow as pa

from fink_lib.vo import votable
from fink_lib.vo.fields import Field
from fink_lib.vo.tap.order import DESCRIBED
from fink_lib.vo.tap.process import read
from fink_lib.vo.tap.queries import Described


def keep(found: Described, folder: Path) -> None:
    """Note what the columns of an answer are; its rows lie there already.

    Parameters
    ----------
    found
        The answer.
    folder
        Folder of the job.
    """
    fields = [asdict(replace(one, kind=None)) for one in found.fields]
    told = {"fields": fields, "infos": dict(found.document.infos), "is_cut": found.document.is_cut}
    told["linked"] = found.document.linked
    (folder / DESCRIBED).write_text(json.dumps(told))


def kept(folder: Path) -> tuple[pa.Table, tuple[Field, ...], votable.Document]:
    """Return the answer of a job."""
    rows, told = read(folder), json.loads((folder / DESCRIBED).read_text())
    fields = tuple(Field(**{**one, "kind": kind.type}) for one, kind in zip(told["fields"], rows.schema, strict=True))
    return rows, fields, votable.Document(infos=told["infos"], is_cut=told["is_cut"], linked=tuple(told["linked"]))
