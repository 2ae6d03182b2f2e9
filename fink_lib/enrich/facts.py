"""The small table that says what each ``science_digest`` of silver stands for."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

from pyspark.sql import SparkSession

from fink_lib.lake.spark.table import append_once, ensure_table, spark_schema
from fink_lib.lake.tables import science_facts
from fink_lib.science.framework.provenance import Fact
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey


def record_facts(session: SparkSession, survey: Survey, lake: LakePath, facts: Sequence[Fact]) -> None:
    """Write the facts of one digest, once: a second stream start, or a second stream, adds nothing.

    Parameters
    ----------
    session
        Writes the table, which is made where it is missing.
    survey
        Whose science.
    lake
        Root folder of the table.
    facts
        All of one digest; at least one.
    """
    table = science_facts(survey.name)
    path = ensure_table(table, session, lake)
    now = dt.datetime.now(dt.UTC)
    rows = [{**asdict(fact), "kind": str(fact.kind), "since": now} for fact in facts]
    frame = session.createDataFrame(rows, schema=spark_schema(table)).coalesce(1)
    append_once(frame, path, f"science_facts.{facts[0].digest}", 0)
