"""The types of columns, by the short names that the specs of tables use."""

import pyarrow as pa


def list_of(kind: pa.DataType) -> pa.ListType:
    """Return the type of a list whose elements may be null."""
    return pa.list_(pa.field("element", kind))


S, L, N, D, B, BOOL = pa.string(), pa.int64(), pa.int32(), pa.float64(), pa.binary(), pa.bool_()
TS, DATE = pa.timestamp("us", tz="UTC"), pa.date32()
TEXTS, IDS, CELLS, TEXT_MAP, COUNTS = list_of(S), list_of(L), list_of(N), pa.map_(S, S), pa.map_(S, L)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return a type as Spark writes it: no metadata below, elements of lists under Spark's name for them."""
    if pa.types.is_list(kind):
        return list_of(plain_type(kind.value_type))
    if pa.types.is_map(kind):
        return pa.map_(plain_type(kind.key_type), plain_type(kind.item_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(one.name, plain_type(one.type)) for one in kind])
    return kind
