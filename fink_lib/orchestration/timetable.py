"""Nights as a backfill sees them: of a range of dates, those that were ever closed, and no others."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Self

from airflow.timetables.base import DagRunInfo
from airflow.timetables.trigger import CronPartitionTimetable

from fink_lib.config import Settings

KEY_FORMAT = "%Y-%m-%d"


class ClosedNightsTimetable(CronPartitionTimetable):
    """One partition a day, at midnight UTC; a backfill makes runs for the nights that have a folder of results.

    Years lie between some nights. A run for every day in between would find nothing to do, and hide the others.

    Parameters
    ----------
    survey
        Whose nights.
    """

    def __init__(self, survey: str) -> None:
        super().__init__("0 0 * * *", timezone="UTC", key_format=KEY_FORMAT)
        self.survey = survey

    def iter_partition_dagrun_infos(self, *, earliest: dt.datetime, latest: dt.datetime) -> Iterable[DagRunInfo]:
        """Yield one run for each closed night of the range, both ends included.

        Parameters
        ----------
        earliest, latest
            Ends of the range.
        """
        folder = Settings().nights / self.survey
        closed = {night.name for night in folder.iterdir()} if folder.is_dir() else set()
        for info in super().iter_partition_dagrun_infos(earliest=earliest, latest=latest):
            if info.partition_key in closed:
                yield info

    def serialize(self) -> dict[str, Any]:
        """Return what makes this timetable again in the scheduler."""
        return {"survey": self.survey}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Self:
        """Make the timetable again."""
        return cls(data["survey"])
