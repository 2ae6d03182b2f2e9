"""Some modules only: what they compute is new, everything else of an alert stays as the live table has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.enrich.science import ERRORS
from fink_lib.enrich.tasks import SilverTask
from fink_lib.enrich.work import enriching
from fink_lib.lake.data_files import DataFile, NightWriter
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables import KAFKA_KEY
from fink_lib.lake.tables.partner import PARTNER_NAMES
from fink_lib.lake.tables.types import TEXT_MAP
from fink_lib.reprocess.records import look_up, on_record
from fink_lib.reprocess.tables import open_table
from fink_lib.science.framework.registry import stream_modules
from fink_lib.surveys import Survey

VERSIONS, DIGEST = "science_versions", "science_digest"


@dataclass(frozen=True)
class Kept:
    """What stays of the rows of the live table.

    Attributes
    ----------
    path, version
        The table.
    outputs
        Columns of the modules that do not run, and what is told of partners.
    modules, versions
        Names whose errors, and whose versions, are those of the run.
    """

    path: Path
    version: int
    outputs: tuple[str, ...]
    modules: frozenset[str]
    versions: frozenset[str]

    def of(self, alerts: pa.Table) -> pa.Table:
        """Read the live rows of some alerts: of their nights and their range of offsets, no others."""
        nights = [night.isoformat() for night in pc.unique(alerts["night"]).to_pylist()]
        span = pc.min_max(alerts["kafka_offset"]).as_py()
        near = (pc.field("kafka_offset") >= span["min"]) & (pc.field("kafka_offset") <= span["max"])
        rows = dataset_of(open_table(self.path, self.version), [("night", "in", nights)])
        columns = [*KAFKA_KEY, *self.outputs, ERRORS, VERSIONS]
        found = rows.to_table(columns, filter=near).cast(pa.schema([rows.schema.field(name) for name in columns]))
        return found.filter(pa.array(on_record(found, alerts))).combine_chunks()

    def beside(self, rows: pa.RecordBatch, live: pa.Table, schema: pa.Schema) -> pa.RecordBatch:
        """Return rows with what stays of their live ones, in the columns of a schema.

        Parameters
        ----------
        rows
            New rows, with the columns of `KAFKA_KEY`; each has its live one.
        live
            Rows of the live table, in any order, with `outputs`, errors and versions.
        schema
            Columns of silver; the digest of versions is null in all rows.
        """
        _, place = look_up(pa.Table.from_batches([rows]), live)
        mine = live.take(pa.array(place)).combine_chunks()
        known = dict(zip(rows.schema.names, rows.columns, strict=True))
        known |= {name: mine[name].combine_chunks() for name in self.outputs}
        known[ERRORS] = _joined(mine[ERRORS], known[ERRORS], self.modules)
        known[VERSIONS] = _joined(mine[VERSIONS], known[VERSIONS], self.versions)
        known[DIGEST] = pa.nulls(rows.num_rows, pa.string())  # a mix of versions has no name; the map tells each
        return pa.RecordBatch.from_arrays([known[one.name].cast(one.type) for one in schema], schema=schema)


@dataclass(frozen=True)
class PartialTask:
    """What a task needs to make files of silver of which some columns are new.

    Attributes
    ----------
    computed
        What computes the modules that run.
    kept
        The rest.
    """

    computed: SilverTask
    kept: Kept

    @property
    def schema(self) -> pa.Schema:
        """Columns that are written."""
        there = {*self.computed.job.schema.names, *self.kept.outputs}
        return pa.schema([one for one in self.computed.silver.plain_schema if one.name in there])

    def run(self, alerts: pa.Table) -> list[DataFile]:
        """Read packets and live rows of alerts, and write their rows of silver."""
        schema, live = self.schema, self.kept.of(alerts)
        writer = NightWriter(self.computed.silver, self.computed.folder, schema)
        for rows in enriching(self.computed.job)(self.computed.given(alerts)):
            writer.add(self.kept.beside(rows, live, schema))
        return writer.close()


def kept_of(survey: Survey, path: Path, version: int, names: Sequence[str], told: Mapping[str, str]) -> Kept:
    """Return what stays of the live rows when some modules run again.

    Parameters
    ----------
    survey, path, version
        Whose live silver.
    names
        Modules that run, with all that they need.
    told
        Their versions, and those of their catalogues and models.
    """
    there = {one.name for one in open_table(path, version).schema().fields}
    outputs = {out.name: module.name for module in stream_modules(survey.name) for out in module.outputs}
    others = [name for name, module in outputs.items() if module not in names and name in there]
    others += [name for name in PARTNER_NAMES if name in there]
    return Kept(path, version, tuple(others), frozenset(names), frozenset(told))


def _joined(old: pa.ChunkedArray, new: pa.Array, replaced: frozenset[str]) -> pa.Array:
    """Return maps of texts: the entries of the old ones that nothing replaces, then those of the new ones."""
    rows = []
    for was, now in zip(old.to_pylist(), new.to_pylist(), strict=True):
        kept = {key: value for key, value in was or () if key not in replaced}
        rows.append(list((kept | dict(now or ())).items()))
    return pa.array(rows, TEXT_MAP)
