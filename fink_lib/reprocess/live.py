"""The live tables at the versions of a plan: what is on record of the alerts of a night. No JVM."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.renamed import name_in
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.versions import Table
from fink_lib.reprocess.tables import open_table


@dataclass(frozen=True)
class Live:
    """Live tables at pinned versions.

    Attributes
    ----------
    specs
        What they are.
    paths, versions
        Folder and version of each; a version of None is a table that is not there.
    """

    specs: Mapping[Table, TableSpec]
    paths: Mapping[Table, Path]
    versions: Mapping[Table, int | None]

    def rows(
        self, table: Table, columns: Sequence[str], night: dt.date, where: pc.Expression | None = None
    ) -> pa.Table:
        """Return columns of the rows of a night, under today's names; none where there is no table.

        Parameters
        ----------
        table, columns, night
            What is read, one column at least; one that the table does not have yet is null.
        where
            A further condition on rows, over names of today that never changed.
        """
        shape = pa.schema([self.specs[table].plain_schema.field(name) for name in columns])
        version = self.versions[table]
        if version is None:
            return shape.empty_table()
        data = dataset_of(open_table(self.paths[table], version), [("night", "=", night.isoformat())])
        called = {one.name: name_in(data.schema.names, one.name) for one in shape}
        read = {
            one.name: pc.field(called[one.name])
            if called[one.name] in data.schema.names
            else pc.scalar(pa.scalar(None, one.type))
            for one in shape
        }
        return data.to_table(read, filter=where).cast(shape).combine_chunks()
