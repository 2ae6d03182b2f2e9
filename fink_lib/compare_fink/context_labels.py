"""The context class beside labels that it did not see: a confusion matrix.

Three sets of labels, each of which its own part of the evidence is withheld from:

* SIMBAD's, and the types of TNS, that Fink published with 179 alerts: no rule sees SIMBAD's answer;
* VSX and GCVS, for every ZTF alert whose place has an entry: no rule sees either catalogue, so that the packet's
  neighbours and the other catalogues decide.

One alert an object counts, its newest.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fink_lib.errors import ConfigError
from fink_lib.files import JsonObject
from fink_lib.offline.packets import packets_of
from fink_lib.offline.run import batches_of
from fink_lib.science.cases.context import MODULES, compute, is_active
from fink_lib.science.framework.base import NO_MATCH
from fink_lib.science.framework.registry import with_needs
from fink_lib.science.framework.runner import run
from fink_lib.science.methods.classify.context import Context
from fink_lib.science.methods.classify.simbad_kinds import Kind, kind_of
from fink_lib.science.methods.classify.variables import is_constant, is_of_other_galaxies, is_variable_star
from fink_lib.science.planting.shares import share
from fink_lib.surveys import get_survey

SURVEY = "ztf"
MODULE = MODULES[0]
CATALOGUES = ("vsx", "gcvs")
# What a place of this kind should be called. A nucleus is where an AGN is, whether one is known there or not.
RIGHT: Mapping[Kind, tuple[Context, ...]] = {
    Kind.STAR: (Context.VARIABLE_STAR,),
    Kind.AGN: (Context.AGN, Context.NUCLEAR),
    Kind.GALAXY: (Context.NUCLEAR, Context.NEAR_HOST),
    Kind.TRANSIENT: (Context.TRANSIENT, Context.NUCLEAR, Context.NEAR_HOST, Context.ORPHAN),
}


def figures(data: Path, cache: Path) -> dict[str, list[JsonObject]]:
    """Return both matrices, a row a kind.

    Parameters
    ----------
    data
        Folder with ``ztf/*.tar.gz`` of packets, and ``fink_outputs/*.parquet`` of what Fink published.
    cache
        Where catalogues and models are kept.

    Raises
    ------
    ConfigError
        When no packets are there.
    """
    archives = sorted((data / SURVEY).glob("*.tar.gz"))
    if not archives:
        raise ConfigError(f"no packets for the context class: {data / SURVEY} has no *.tar.gz")
    labels = dict(_published(data / "fink_outputs"))
    rows = _judged(archives, cache)
    simbad = [(row["object"], kind, row["context"]) for row in rows if (kind := labels.get(row["alert"]))]
    stars = [(row["object"], kind, row["blind"]) for row in rows if (kind := _catalogued(row))]
    return {
        "Against SIMBAD and TNS, which no rule saw": matrix(simbad),
        "Against VSX and GCVS, which no rule saw": matrix(stars),
    }


def matrix(judged: Iterable[tuple[str, Kind, str]]) -> list[JsonObject]:
    """Return how often places of each kind have each class.

    Parameters
    ----------
    judged
        Object, kind and class of alerts in time order; the last one of an object counts.
    """
    newest = {name: (kind, context) for name, kind, context in judged}
    counts = Counter(newest.values())
    return [_row(kind, {str(one): counts[kind, str(one)] for one in Context}) for kind in Kind if _any(counts, kind)]


def _any(counts: Mapping[tuple[Kind, str], int], kind: Kind) -> bool:
    return any(each is kind for each, _ in counts)


def _row(kind: Kind, counts: Mapping[str, int]) -> JsonObject:
    objects, right = sum(counts.values()), RIGHT.get(kind, ())
    fitting = share(sum(counts[str(one)] for one in right), objects) if right else None
    return {"labelled": str(kind), "objects": objects, **counts, "as_labelled": fitting}


def _judged(archives: Sequence[Path], cache: Path) -> list[dict[str, Any]]:
    """Return identity and class of every alert, also without what VSX and GCVS say, in time order."""
    survey, modules = get_survey(SURVEY), with_needs(SURVEY, [MODULE.name])
    packets = [packet for path in archives for packet in packets_of(path, survey) if packet.get("candidate")]
    packets.sort(key=lambda packet: float(packet["candidate"]["jd"]))
    batch = next(batches_of(packets, modules, survey, len(packets)))
    found = run(modules, batch, cache).columns
    hidden = pa.array([NO_MATCH] * len(batch))
    blind = compute(replace(batch, results={**found, **dict.fromkeys(CATALOGUES, hidden)}), None)
    columns = {
        "object": [str(packet["objectId"]) for packet in packets],
        "alert": batch.alert_id.tolist(),
        "context": found["context_class"].to_pylist(),
        "blind": pa.array(blind["context_class"]).to_pylist(),
        **{name: found[name].to_pylist() for name in CATALOGUES},
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _catalogued(row: Mapping[str, Any]) -> Kind | None:
    """Return what VSX and GCVS say of the place; None where neither has an entry, or one of a constant star."""
    kinds = [kind for name in CATALOGUES if (kind := row[name]) and kind != NO_MATCH and not is_constant(kind)]
    if any(is_active(kind) for kind in kinds):
        return Kind.AGN
    if any(is_of_other_galaxies(kind) for kind in kinds):
        return Kind.GALAXY
    return Kind.STAR if any(is_variable_star(kind) for kind in kinds) else None


def _published(folder: Path) -> Iterator[tuple[int, Kind]]:
    """Yield the kind of each alert that Fink published a label of; undecided labels are none."""
    for path in sorted(folder.glob("*.parquet")):
        table = pq.read_table(path)
        ids, simbad = table["candid"].to_pylist(), table["cdsxmatch"].to_pylist()
        types = table["tns"].to_pylist() if "tns" in table.column_names else [""] * len(ids)
        for alert, label, tns in zip(ids, simbad, types, strict=True):
            kind = Kind.TRANSIENT if tns else kind_of(label)
            if kind is not Kind.UNDECIDED:
                yield int(alert), kind
