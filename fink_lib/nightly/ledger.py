"""The table `gold__nights`: one row each time that a night was closed. Written by delta-rs: no JVM for one row."""

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from pyspark.sql.pandas.types import to_arrow_schema

from fink_lib.lake import tables
from fink_lib.nightly.results import JsonObject, to_json

# What may differ between two closings of a night that says the same: who closed it, and which files it stands in.
STAMPS = ("version", "closed_at", "run_id", "tables")
COLUMNS = ("run_id", "equation_holds", "offered", "bronze", "quarantine", "silver", "rejected", "repeats")


class NightsLedger:
    """Reads and appends versions of nights.

    Parameters
    ----------
    lake
        Root folder of the tables.
    """

    def __init__(self, lake: Path) -> None:
        self._spec = tables.gold_nights()
        self._path = self._spec.path(lake)
        self._schema = to_arrow_schema(self._spec.schema)

    def versions(self, survey: str, night: dt.date) -> list[JsonObject]:
        """Return the manifests of a night, oldest first."""
        path = str(self._path)
        if not DeltaTable.is_deltatable(path):
            return []
        mine = (pc.field("survey") == survey) & (pc.field("night") == pa.scalar(night))
        rows = DeltaTable(path).to_pyarrow_dataset().to_table(columns=["version", "manifest"], filter=mine)
        manifests: list[JsonObject] = [json.loads(row["manifest"]) for row in rows.to_pylist()]
        return sorted(manifests, key=lambda manifest: int(manifest["version"]))

    def record(self, manifest: JsonObject, closed_at: dt.datetime) -> JsonObject:
        """Append a manifest as the night's next version; return it with its version and time.

        A night that says what it said before, in a retry, in another run or after a compaction, keeps its version:
        nothing is written, and what is there is returned.
        """
        night = dt.date.fromisoformat(manifest["night"])
        earlier = self.versions(manifest["survey"], night)
        if earlier and _facts(earlier[-1]) == _facts(manifest):
            return earlier[-1]
        version = int(earlier[-1]["version"]) + 1 if earlier else 1
        kept = {**manifest, "version": version, "closed_at": closed_at.isoformat(timespec="seconds")}
        row = {
            "survey": manifest["survey"],
            "night": night,
            "version": version,
            "closed_at": closed_at,
            **{name: manifest[name] for name in COLUMNS},
            "manifest": json.dumps(kept, sort_keys=True),
        }
        self._append(row)
        return kept

    def _append(self, row: JsonObject) -> None:
        spec = self._spec
        table = DeltaTable.create(
            self._path,
            self._schema,
            mode="ignore",
            partition_by=list(spec.partitioned_by),
            description=spec.comment,
            configuration={"delta.appendOnly": str(spec.append_only).lower()},
        )
        write_deltalake(table, pa.Table.from_pylist([row], schema=self._schema), mode="append")


def _facts(manifest: JsonObject) -> str:
    return to_json({name: value for name, value in manifest.items() if name not in STAMPS})
