"""How the Parquet files of a table are written: row groups, compression, Bloom filters of what is looked up by name."""

import pyarrow as pa
from deltalake import BloomFilterProperties, ColumnProperties, WriterProperties

from fink_lib.lake.tables.spec import TableSpec

BLOOM_FALSE_POSITIVES = 0.01


def writer_properties(spec: TableSpec, group_rows: int) -> WriterProperties:
    """Return what makes files of the table as they should be.

    Parameters
    ----------
    spec
        The table.
    group_rows
        Rows of a row group, at the most.
    """
    bloom = BloomFilterProperties(True, fpp=BLOOM_FALSE_POSITIVES, ndv=group_rows)
    columns = {name: ColumnProperties(bloom_filter_properties=bloom) for name in spec.looked_up_by}
    # Bytes of packets never repeat: a dictionary of them costs time and saves nothing.
    packed = [one.name for one in spec.schema if pa.types.is_binary(one.type)]
    columns |= {name: ColumnProperties(dictionary_enabled=False) for name in packed}
    return WriterProperties(max_row_group_size=group_rows, compression="ZSTD", column_properties=columns)
