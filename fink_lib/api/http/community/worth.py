"""A board in the order of what an observation tonight would tell, with magnitudes out of the lake."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.api.http.errors import Refused
from fink_lib.community.board import Candidate
from fink_lib.errors import LakeError
from fink_lib.followup.observability import Limits
from fink_lib.followup.ranking import Seen, Tonight, ranked
from fink_lib.followup.sites import site_of
from fink_lib.followup.value import INSTRUMENTS
from fink_lib.lake.reading import read
from fink_lib.storage import LakePath
from fink_lib.surveys import SURVEYS, Survey

AB_ZERO_POINT_NJY = 31.4  # magnitude of 1 nJy, AB system


def tonight_of(said: Mapping[str, str]) -> Tonight:
    """Return the observation that a query names: instrument, site, night.

    Raises
    ------
    Refused
        When there is no such instrument or night.
    """
    name = said.get("instrument", "spectrum-2m")
    if name not in INSTRUMENTS:
        raise Refused(f"there is no instrument '{name[:30]}'", parameter="instrument", fix=", ".join(INSTRUMENTS))
    try:
        night = dt.date.fromisoformat(said.get("night") or dt.datetime.now(dt.UTC).date().isoformat())
    except ValueError as error:
        raise Refused("this is no night", parameter="night", fix="write it as 2026-01-20") from error
    return Tonight(INSTRUMENTS[name], site_of(said.get("site", "siding-spring")), night, Limits())


def by_worth(
    lake: LakePath, candidates: Collection[Candidate], tonight: Tonight
) -> list[tuple[Candidate, dict[str, Any]]]:
    """Return candidates with what an observation of each is worth, the best first.

    Parameters
    ----------
    lake
        Root of the lake, where objects were seen.
    candidates
        Of a board, of any surveys.
    tonight
        The observation.
    """
    seen: dict[tuple[str, str], Seen] = {}
    for survey in {one.survey for one in candidates}:
        names = [one.object_id for one in candidates if one.survey == survey]
        seen |= {(survey, name): one for name, one in last_seen(lake, SURVEYS[survey], names).items()}
    return [(one, value.as_json()) for one, value in ranked(list(candidates), seen, tonight)]


def last_seen(lake: LakePath, survey: Survey, names: Collection[str]) -> dict[str, Seen]:
    """Return how objects were seen in their newest public alert of a closed night.

    Parameters
    ----------
    lake
        Root of the lake.
    survey
        Whose objects they are.
    names
        Of the objects.

    Returns
    -------
    dict
        Object → how it was seen; without those that have no such alert. The magnitude (AB) is the newest that is known.
    """
    scalars = survey.inputs.scalars
    measure = "mag" if "mag" in scalars else "flux"
    path, _ = scalars.get(measure, ("", None))
    column = path.rpartition(".")[2]
    wanted = pc.field("object_id").isin(pa.array(sorted(names), pa.string()))
    try:
        rows = read("gold", survey.name, "sources", where=wanted, columns=["object_id", "time", "ra", "dec", column],
                    lake=lake).sort_by("time").to_pylist()  # fmt: skip
    except LakeError:
        return {}
    found: dict[str, Seen] = {}
    for row in rows:
        value = row[column]
        known = value is not None and np.isfinite(value) and (measure == "mag" or value > 0.0)
        mag = None if not known else value if measure == "mag" else AB_ZERO_POINT_NJY - 2.5 * float(np.log10(value))
        one = Seen(row["ra"], row["dec"], mag)
        last = found.get(row["object_id"])
        found[row["object_id"]] = replace(one, mag=last.mag) if last is not None and mag is None else one
    return found
