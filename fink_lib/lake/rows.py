"""Some rows of a table, of which columns are read one after the other: no more of them than a figure needs."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds


@dataclass(frozen=True)
class Rows:
    """Rows, wherever they are.

    Attributes
    ----------
    dataset
        Where they are: files, or memory.
    where
        Which of them; None for all.
    """

    dataset: ds.Dataset
    where: pc.Expression | None = None

    @property
    def names(self) -> list[str]:
        """Columns, at root level."""
        names: list[str] = self.dataset.schema.names
        return names

    def with_columns(self, wanted: pa.Schema) -> "Rows":
        """Return the rows with the columns of a schema: those that a table of older code lacks are null."""
        lacking = [one for one in wanted if one.name not in self.names]
        if not lacking:
            return self
        return Rows(self.dataset.replace_schema(pa.schema([*self.dataset.schema, *lacking])), self.where)

    def chosen(self, where: pc.Expression) -> "Rows":
        """Return those of the rows that fulfil a condition too."""
        return Rows(self.dataset, where if self.where is None else self.where & where)

    def has(self, path: str) -> bool:
        """Tell whether a dotted path leads to a column, through structs."""
        node: pa.DataType = pa.struct(list(self.dataset.schema))
        for part in path.split("."):
            if not pa.types.is_struct(node) or node.get_field_index(part) < 0:
                return False
            node = node.field(part).type
        return True

    def read(self, *paths: str) -> pa.Table:
        """Return the columns at some dotted paths, each under its path."""
        columns = {path: pc.field(*path.split(".")) for path in paths}
        return self.dataset.to_table(columns=columns, filter=self.where)

    def stream(self, paths: Iterable[str], batch_rows: int) -> pa.RecordBatchReader:
        """Return the columns at some dotted paths as a stream of batches, each under its path; none yields rows only.

        Parameters
        ----------
        paths
            Dotted paths.
        batch_rows
            Rows of a batch, at the most.
        """
        columns = {path: pc.field(*path.split(".")) for path in paths} or {"row": pc.scalar(1)}
        return self.dataset.scanner(columns=columns, filter=self.where, batch_size=batch_rows).to_reader()

    def column(self, path: str) -> pa.ChunkedArray:
        """Return the column at a dotted path."""
        return self.read(path)[path]

    def count(self, where: pc.Expression | None = None) -> int:
        """Return how many rows there are, or how many of them fulfil a condition; null means no."""
        rows = self if where is None else self.chosen(where)
        return int(rows.dataset.count_rows(filter=rows.where))
