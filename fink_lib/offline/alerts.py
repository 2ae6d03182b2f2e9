"""Alerts out of files as filters see them in the stream: packet, science, and facts from outside, side by side."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.errors import ConfigError
from fink_lib.filters.base import Batch
from fink_lib.filters.columns import as_array
from fink_lib.filters.facts import PACKET, columns_of
from fink_lib.offline.datums import BATCH_ALERTS
from fink_lib.offline.packets import Packet
from fink_lib.offline.run import ALERT_ID, Given, science_table
from fink_lib.science.framework.base import Module
from fink_lib.surveys import Survey, value_at


@dataclass(frozen=True)
class Science:
    """Where the science of an alert comes from.

    Attributes
    ----------
    modules, cache
        Modules to run, and the folder of their catalogues and models.
    table
        Results of an earlier run, instead of running modules.
    given
        Facts from outside the packets.
    """

    modules: Sequence[Module]
    cache: Path
    table: pa.Table | None = None
    given: Given = field(default_factory=Given)

    def of(self, packets: Sequence[Packet], survey: Survey) -> pa.Table:
        """Return one row of results a packet.

        Parameters
        ----------
        packets
            Decoded packets.
        survey
            Whose packets.

        Raises
        ------
        ConfigError
            When the earlier run does not hold one of the alerts.
        """
        if self.table is None:
            return science_table(packets, self.modules, survey, self.cache, self.given)
        ids = pa.array([value_at(packet, survey.fields.alert_id) for packet in packets], pa.int64())
        rows = pc.index_in(ids, value_set=self.table[ALERT_ID].combine_chunks())
        if rows.null_count:
            missing = next(one for one, row in zip(ids, rows, strict=True) if not row.is_valid)
            raise ConfigError(
                f"the science table does not hold alert {missing}: run `fink science run` on these packets"
            )
        return self.table.take(rows)


def alert_tables(
    packets: Iterable[Packet], paths: Iterable[str], survey: Survey, science: Science
) -> Iterator[pa.Table]:
    """Yield tables with the columns that are asked for and are to be had, and ``alert_id``.

    Parameters
    ----------
    packets
        Decoded packets.
    paths
        Columns, as dotted paths; one that neither packet nor science nor `science.given` has is left out.
    survey, science
        Whose packets; where their science comes from.
    """
    wanted, stream = list(paths), iter(packets)
    while chunk := list(islice(stream, BATCH_ALERTS)):
        results = science.of(chunk, survey)
        columns = {ALERT_ID: results[ALERT_ID].combine_chunks()}
        facts = science.given.columns
        for path in wanted:
            column = columns_of(survey.name).get(path)
            if column is not None and column.source == PACKET:
                columns[path] = pa.array([at_path(packet, path) for packet in chunk], column.type)
            elif (found := leaf_of(results, path)) is not None:
                columns[path] = found
            elif path in facts:
                values = [facts[path].get(one) for one in columns[ALERT_ID].to_pylist()]
                columns[path] = pa.array(values, None if column is None else column.type)
        yield pa.table(columns)


def science_leaves(table: pa.Table, paths: Iterable[str]) -> pa.Table:
    """Return ``alert_id`` and those columns that a table of results has, each leaf of a struct by itself.

    Parameters
    ----------
    table
        Results, as `fink science run` wrote them.
    paths
        Columns, as dotted paths; one that the table lacks is left out.

    Raises
    ------
    ConfigError
        When the table is not one that `fink science run` wrote.
    """
    if ALERT_ID not in table.column_names:
        raise ConfigError(f"the table has no column '{ALERT_ID}': give one that `fink science run` wrote")
    found = {path: leaf_of(table, path) for path in (ALERT_ID, *paths)}
    return pa.table({path: values for path, values in found.items() if values is not None})


def batch_of(table: pa.Table) -> Batch:
    """Return the columns of a table as the arrays that filters see."""
    return {name: as_array(table[name]) for name in table.column_names}


def leaf_of(table: pa.Table, path: str) -> pa.Array | None:
    """Return a column, or a field of one; None where the table has no such column.

    Parameters
    ----------
    table
        Results of science, or any rows.
    path
        Dotted path; the fields behind the column are to be there.

    Returns
    -------
    One value a row.
    """
    root, *parts = path.split(".")
    if root not in table.column_names:
        return None
    return reduce(pc.struct_field, parts, table[root].combine_chunks())


def at_path(packet: Mapping[str, Any], path: str) -> Any:
    """Follow a path through a packet; through an array of records it gives an array.

    Parameters
    ----------
    packet
        A decoded packet.
    path
        Dotted path.

    Returns
    -------
    None where the packet has no such field.
    """
    node: Any = packet
    for number, part in enumerate(path.split(".")):
        if isinstance(node, list):
            rest = ".".join(path.split(".")[number:])
            return [None if item is None else at_path(item, rest) for item in node]
        if node is None:
            return None
        node = node.get(part)
    return node
