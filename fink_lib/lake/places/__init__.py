"""What stands in the tables already: the one proof that nothing is written twice, or left out.

A stream asks before it writes. Ingest and enrich know a message by its place in Kafka (`Places`), distribute knows what
it sent by alert and filter, and where that stands on topics (`Book`). What stands, stands; what does not is decided
now, by the code and the cuts of today. No stream has a look-up of its own, and no table trusts a transaction's id.
"""

from fink_lib.lake.places.book import Book
from fink_lib.lake.places.held import Flags, Held, Places
from fink_lib.lake.places.keys import append_new, rows_of_night
from fink_lib.lake.places.ranges import Partition, Range, Run, gaps_between, ranges_of, runs_in, union
from fink_lib.lake.places.spans import SPANS_FILE, Ids, Spans, SpansFile, is_gone

__all__ = [
    "SPANS_FILE",
    "Book",
    "Flags",
    "Held",
    "Ids",
    "Partition",
    "Places",
    "Range",
    "Run",
    "Spans",
    "SpansFile",
    "append_new",
    "gaps_between",
    "is_gone",
    "ranges_of",
    "rows_of_night",
    "runs_in",
    "union",
]
