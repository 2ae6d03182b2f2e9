"""What can be simulated of Rubin. No archive of a package index holds a real packet: the sample night is made."""

import datetime as dt

from fink_lib.surveys.lsst.copies import copy_of
from fink_lib.surveys.lsst.made.night import packets
from fink_lib.surveys.simulated import MadeNight, Simulated

SIMULATED = Simulated(
    copy=copy_of,
    sample=MadeNight(night=dt.date(2026, 7, 14), alerts=300, schema_id=1101, version=1, make=packets),
)
