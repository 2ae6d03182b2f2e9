"""The types of columns, by the short names that the specs of tables use."""

import pyspark.sql.types as T

S, L, N, D, B = T.StringType(), T.LongType(), T.IntegerType(), T.DoubleType(), T.BinaryType()
TS, DATE, TEXTS = T.TimestampType(), T.DateType(), T.ArrayType(T.StringType())


def struct(*columns: tuple[str, T.DataType]) -> T.StructType:
    """Return a struct of columns that may be null."""
    return T.StructType([T.StructField(name, kind) for name, kind in columns])
