"""The fast path: messages → bronze rows in one pass of the JVM, with columns that are built once.

Each Column is some ten calls into the JVM, and a row has hundreds: built anew for every micro-batch they cost
a second, which a batch of a second's alerts cannot afford.
"""

import datetime as dt
from collections.abc import Sequence

import pyspark.sql.functions as F
from pyspark.sql import Column, DataFrame, Observation

from fink_lib.ingest.bronze import INGEST_TIME, KAFKA, at_run_time, bronze_columns, identity, night_column
from fink_lib.ingest.decode import PACKET, WRITER, opening_steps, whole, writer_value
from fink_lib.ingest.stamps import stamps_whole
from fink_lib.ingest.writers import Writer
from fink_lib.lake.rules import first_broken, row_rules
from fink_lib.surveys import Survey

_GOOD, _STAMPS_WHOLE = "_good", "_stamps_whole"
LEFT = "left"


class FastPath:
    """Reads the messages of some writers.

    Parameters
    ----------
    survey
        Whose messages.
    writers
        The writer schemas that it reads; messages of any other are left.
    """

    def __init__(self, survey: Survey, writers: Sequence[Writer]) -> None:
        self.writers = tuple(writers)
        self._writer, self._body, packet = opening_steps(survey, writers)
        self._opened = [*(F.col(name) for name in KAFKA), F.col(WRITER), packet[PACKET].alias(PACKET)]
        self._identity = identity(survey) | {_STAMPS_WHOLE: stamps_whole(survey)}
        self._night = night_column(survey)
        good = whole() & F.col(_STAMPS_WHOLE) & first_broken(row_rules(survey)).isNull()
        self._good = F.coalesce(good, F.lit(False))
        self._left = F.count_if(~F.col(_GOOD)).alias(LEFT)
        self._row = {name: column.alias(name) for name, column in self._columns(survey).items()}

    def _columns(self, survey: Survey) -> dict[str, Column]:
        return bronze_columns(survey) | {
            "schema_fingerprint": writer_value([writer.fingerprint for writer in self.writers]),
            "schema_version": writer_value([writer.version for writer in self.writers]),
        }

    def rows(self, frame: DataFrame, ingest_time: dt.datetime, count: Observation) -> DataFrame:
        """Return the bronze rows of all messages that can be read and are good; observe how many are `left`."""
        judged = (
            frame.withColumns(self._writer)
            .withColumns(self._body)
            .select(*self._opened)
            .withColumns(self._identity)
            .withColumn("night", self._night)
            .withColumn(_GOOD, self._good)
            # Observing also keeps the filter above the decoder: below it, every packet would be decoded twice.
            .observe(count, self._left)
            .where(_GOOD)
        )
        now = at_run_time(ingest_time).alias(INGEST_TIME)
        return judged.select(*(self._row | {INGEST_TIME: now}).values())
