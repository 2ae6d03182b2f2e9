"""Run science modules over packets and return their outputs as one table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from fink_lib.offline.datums import BATCH_ALERTS, batches_of_files
from fink_lib.offline.packets import is_table, packets_of
from fink_lib.science.framework.base import Module
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.batch_builder import batch_of_packets, wanted
from fink_lib.science.framework.runner import run
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.inputs import inputs_of

ALERT_ID, ERRORS = "alert_id", "science_errors"


@dataclass(frozen=True)
class Given:
    """Facts from outside the packets, by alert: what modules declare as optional.

    Attributes
    ----------
    columns
        Name → alert id → value; an alert that is not named has none.
    """

    columns: Mapping[str, Mapping[int, Any]] = field(default_factory=dict)

    def to(self, batch: AlertBatch) -> AlertBatch:
        """Return the batch with these facts in it."""
        ids = batch.alert_id.tolist()
        facts = {name: pa.array([values.get(each) for each in ids]) for name, values in self.columns.items()}
        return replace(batch, results={**batch.results, **facts})


def batches_of(
    packets: Iterable[Mapping[str, Any]], modules: Sequence[Module], survey: Survey, size: int = BATCH_ALERTS
) -> Iterator[AlertBatch]:
    """Yield batches with the inputs that some modules declare.

    Parameters
    ----------
    packets
        Decoded packets; one without an identity is passed over, as it would be quarantined.
    modules
        Who reads the packets.
    survey
        Whose packets.
    size
        Most alerts in a batch.
    """
    inputs = inputs_of(survey.name)
    want, stream = wanted(modules, inputs), iter(packets)
    while chunk := list(islice(stream, size)):
        if named := [packet for packet in chunk if value_at(packet, survey.fields.alert_id) is not None]:
            yield batch_of_packets(named, want, inputs, survey)


def science_table(
    packets: Iterable[Mapping[str, Any]],
    modules: Sequence[Module],
    survey: Survey,
    cache: Path,
    given: Given | None = None,
) -> pa.Table:
    """Run modules over packets.

    Parameters
    ----------
    packets
        Decoded packets.
    modules
        In an order in which each stands after those that it needs.
    survey, cache
        Whose packets; folder of catalogues and models.
    given
        Facts from outside the packets.

    Returns
    -------
    pa.Table
        One row a packet: ``alert_id``, every output, and ``science_errors`` (module → why it has no result).
    """
    return table_of_batches(batches_of(packets, modules, survey), modules, cache, given)


def science_of(
    path: Path, modules: Sequence[Module], survey: Survey, cache: Path, given: Given | None = None
) -> pa.Table:
    """Run modules over the packets below a path: files, of which only the inputs are decoded, or a Delta table.

    Parameters
    ----------
    path
        See `fink_lib.offline.packets.packets_of`.
    modules, survey, cache, given
        As for `science_table`, whose result this returns.

    Raises
    ------
    ConfigError
        When the path does not exist or holds no packet.
    """
    batches = (
        batches_of(packets_of(path, survey), modules, survey)
        if is_table(path)
        else batches_of_files(path, modules, survey)
    )
    return table_of_batches(batches, modules, cache, given)


def table_of_batches(
    batches: Iterable[AlertBatch], modules: Sequence[Module], cache: Path, given: Given | None = None
) -> pa.Table:
    """Run modules over batches; return what `science_table` does.

    Parameters
    ----------
    batches
        At least one, with the inputs that the modules declare.
    modules
        In an order in which each stands after those that it needs.
    cache
        Folder of catalogues and models.
    given
        Facts from outside the packets; None for none.
    """
    tables = []
    for batch in batches:
        outcome = run(modules, (given or Given()).to(batch), cache)
        columns = {ALERT_ID: pa.array(batch.alert_id), **outcome.columns, ERRORS: outcome.error_maps(len(batch))}
        tables.append(pa.table(columns))
    return pa.concat_tables(tables)
