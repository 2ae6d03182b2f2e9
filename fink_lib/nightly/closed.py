"""The table `gold__nights`: one row each time that a night was closed. Written by delta-rs: no JVM for one row."""

import datetime as dt
import json

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.contracts.night import FORMAT
from fink_lib.files import JsonObject, to_json
from fink_lib.lake import tables
from fink_lib.lake.small import append_rows, read_rows
from fink_lib.storage import LakePath

# What may differ between two closings of a night that says the same: who closed it, and which files it stands in.
STAMPS = ("version", "closed_at", "run_id", "tables", "format")
COLUMNS = ("run_id", "equation_holds", "offered", "bronze", "quarantine", "silver", "rejected", "repeats")


class NightsLedger:
    """Reads and appends versions of nights.

    Parameters
    ----------
    lake
        Root folder of the tables.
    """

    def __init__(self, lake: LakePath) -> None:
        self._spec = tables.gold_nights()
        self._lake = lake

    def versions(self, survey: str, night: dt.date) -> list[JsonObject]:
        """Return the manifests of a night, oldest first.

        Parameters
        ----------
        survey
            Name of the survey.
        night
            Which; none was closed yet where the list is empty.
        """
        mine = (pc.field("survey") == survey) & (pc.field("night") == pa.scalar(night))
        rows = read_rows(self._spec, self._lake, mine)
        manifests: list[JsonObject] = [json.loads(row["manifest"]) for row in rows]
        return sorted(manifests, key=lambda manifest: int(manifest["version"]))

    def record(self, manifest: JsonObject, closed_at: dt.datetime) -> JsonObject:
        """Append a manifest as the night's next version; return it with its version and time.

        A night that says what it said before, in a retry, in another run or after a compaction, keeps its version:
        nothing is written, and what is there is returned.

        Parameters
        ----------
        manifest
            As `fink_lib.nightly.manifest.build` makes it, with survey and night.
        closed_at
            When, with its time zone; it is kept to the second in what is returned.
        """
        night = dt.date.fromisoformat(manifest["night"])
        earlier = self.versions(manifest["survey"], night)
        if earlier and _facts(earlier[-1]) == _facts(manifest):
            return earlier[-1]
        version = int(earlier[-1]["version"]) + 1 if earlier else 1
        closed = {"version": version, "closed_at": closed_at.isoformat(timespec="seconds"), "format": FORMAT}
        kept = {**manifest, **closed}
        row = {
            "survey": manifest["survey"],
            "night": night,
            "version": version,
            "closed_at": closed_at,
            **{name: manifest[name] for name in COLUMNS},
            "manifest": json.dumps(kept, sort_keys=True),
        }
        append_rows(self._spec, self._lake, [row])
        return kept


def _facts(manifest: JsonObject) -> str:
    return to_json({name: value for name, value in manifest.items() if name not in STAMPS})
