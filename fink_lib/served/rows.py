"""Rows of silver as `sources` has them: those that are public, narrow, with their cell on the sky."""

from collections.abc import Iterable, Iterator

import duckdb
import numpy as np
import pyarrow as pa
import sqlglot
from sqlglot import exp

from fink_lib.catalogs.cells import cells_of
from fink_lib.lake.aggregates import on_flat_columns, written
from fink_lib.lake.rows import Rows
from fink_lib.lake.tables import HPX_ORDER
from fink_lib.served.columns import HPX_NAME, RUN_NAME, paths_in_silver, sources_spec
from fink_lib.surveys import Survey

BATCH_ROWS = 65_536


def sources_of(survey: Survey, silver: Rows, chosen: str = "") -> pa.RecordBatchReader:
    """Return rows of silver in the columns of `sources`, without `run`, in no order.

    Parameters
    ----------
    survey
        Whose; its `public` decides which rows may leave: where that cannot be told, a row may not.
    silver
        Rows of its silver table.
    chosen
        Another predicate (Spark SQL) instead of `public`, for those who may see its rows.
    """
    shape = sources_spec(survey, silver.dataset.schema).plain_schema
    schema = pa.schema([one for one in shape if one.name != RUN_NAME])
    return pa.RecordBatchReader.from_batches(schema, _batches(survey, silver, schema, chosen or survey.public))


def _batches(survey: Survey, silver: Rows, schema: pa.Schema, which: str) -> Iterator[pa.RecordBatch]:
    paths = paths_in_silver(survey, silver.dataset.schema)
    public = on_flat_columns(sqlglot.parse_one(which, dialect="spark"))
    asked = {one.name for one in public.find_all(exp.Column)}
    if missing := sorted(name for name in asked if not silver.has(name)):
        raise LookupError(f"silver of {survey.name} lacks {missing[0]}, which tells who may see what")
    chosen = ", ".join(f'"{path}" AS "{name}"' for name, path in paths.items())
    stream = silver.stream(dict.fromkeys([*paths.values(), *sorted(asked)]), BATCH_ROWS)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("stream", stream)
        query = f"SELECT {chosen} FROM stream WHERE coalesce({written(public)}, false)"  # noqa: S608  # ours
        yield from with_cells(connection.sql(query).to_arrow_reader(BATCH_ROWS), schema)


def with_cells(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield batches in some columns, with the cell of each position; columns that they lack are null.

    Parameters
    ----------
    batches
        With ``ra`` and ``dec`` in degrees.
    schema
        Columns of `sources`, in the order wanted.
    """
    for batch in batches:
        known = dict(zip(batch.schema.names, batch.columns, strict=True))
        ra, dec = (known[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in ("ra", "dec"))
        known[HPX_NAME] = pa.array(cells_of(ra, dec, HPX_ORDER))
        columns = [
            known[one.name].cast(one.type) if one.name in known else pa.nulls(batch.num_rows, one.type)
            for one in schema
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
