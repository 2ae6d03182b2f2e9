"""A little of what every job does: what Spark and Delta load and compile for it once is there afterwards."""

from pyspark.sql import SparkSession


def exercise(session: SparkSession, folder: str) -> None:
    """Write a small table into a folder and read it.

    Parameters
    ----------
    session
        A session with Delta.
    folder
        The table is its subfolder ``table``; a table that is there is appended to.
    """
    table = f"{folder}/table"
    rows = session.range(100).selectExpr(
        "id", "id % 3 AS kind", "struct(id AS inner) AS packet", "date'2021-11-22' AS night"
    )
    for _ in range(2):
        rows.write.format("delta").mode("append").partitionBy("night").save(table)
    session.read.format("delta").load(table).groupBy("kind").count().join(rows, "kind").orderBy("id").toArrow()
