"""Rewrite the small files of a night into few, in the order of the sky; streams are not disturbed.

Alerts that are close on the sky come to stand close in a file (a Z-order curve over right ascension and
declination), so that a cone reads few row groups; a Bloom filter a row group, or its dictionary where names repeat,
tells which ones cannot hold an object or an alert. The rows are the same, and the commit says so: who reads the table
as a stream sees nothing.

A night of no more than a few row groups, in which there is nothing to skip, is put together by delta-rs. A larger one
is ordered by `sky_order`: the Z-order of delta-rs interleaves the bits of the numbers as they are, of which the
exponents come first; of a hundred row groups a cone of 5 degrees then reads 43, where ranks are interleaved 4. Both
work in memory that does not grow with the night, the second in this process or in tasks of Spark.
"""

import datetime as dt
import logging
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties

from fink_lib.files import JsonObject
from fink_lib.lake.delta import delta_table
from fink_lib.lake.file_form import writer_properties
from fink_lib.lake.health import MB, fewest_files, is_crowded
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.versions import table_version
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.runners import runner_of
from fink_lib.nightly.sky_order import compact_night
from fink_lib.storage import LakePath
from fink_lib.surveys.tables import night_specs

logger = logging.getLogger(__name__)

ROW_GROUP_BYTES = 16 * MB  # what a query reads at least of a file that may hold what it looks for
FEW_ROW_GROUPS = 2
COMMIT_TRIES = 50  # streams append meanwhile; each of their commits may come first


def run(context: NightContext) -> Outcome:
    """Compact the night in every table of the survey."""
    done: dict[str, JsonObject] = {}
    for table, spec in night_specs(context.survey).items():
        path = spec.path(context.settings.lake)
        if table_version(path) is None:
            continue
        before = partition_files(path, context.night)
        if is_crowded(before["files"], before["bytes"], spec.file_mb):
            _compact(context, spec, path, before)
        after = partition_files(path, context.night)
        done[str(table)] = {
            "before": before,
            "after": after,
            "fewest": fewest_files(after["bytes"], spec.file_mb),
            "file_mb": spec.file_mb,
            "version": table_version(path),
        }
        logger.info("night=%s table=%s files=%d", context.label, table, after["files"])
    return Outcome({"survey": context.survey.name, "night": context.night.isoformat(), "tables": done})


def _compact(context: NightContext, spec: TableSpec, path: LakePath, sizes: Mapping[str, int]) -> None:
    if not spec.clustered_by or sizes["bytes"] <= FEW_ROW_GROUPS * ROW_GROUP_BYTES:
        compact_small(spec, path, context.night, sizes)
    else:
        form = writer_properties(spec, rows_in_group(sizes))
        runner = runner_of(context.settings, sizes["rows"])
        compact_night(spec, path, context.night, sizes, form, runner=runner)


def rows_in_group(sizes: Mapping[str, int]) -> int:
    """Return how many rows a row group of the usual size holds, from ``rows`` and ``bytes`` of some files."""
    return max(1, ROW_GROUP_BYTES * sizes["rows"] // max(1, sizes["bytes"]))


def compact_small(spec: TableSpec, path: LakePath, night: dt.date, sizes: Mapping[str, int]) -> None:
    """Put the files of one night together, in process; their rows stay in the order in which they came.

    Parameters
    ----------
    spec
        The table, which tells the size of its files.
    path
        Its folder.
    night
        Its partition.
    sizes
        ``rows`` and ``bytes`` of the night's files (`partition_files`), for the size of row groups.
    """
    delta_table(path).optimize.compact(
        [("night", "=", night.isoformat())],
        spec.file_mb * MB,
        writer_properties=writer_properties(spec, rows_in_group(sizes)),
        commit_properties=CommitProperties(max_commit_retries=COMMIT_TRIES),
    )


def partition_files(path: LakePath, night: dt.date) -> dict[str, int]:
    """Return number, bytes and rows of a night's files, out of the table's log.

    Parameters
    ----------
    path
        Folder of the table, which is partitioned by night.
    night
        Its partition.

    Returns
    -------
    Under ``files``, ``bytes`` and ``rows``; all 0 for a night without files.
    """
    files = pa.table(delta_table(path).get_add_actions(flatten=True))
    of_night = pc.equal(files["partition.night"], night)
    kept = pc.fill_null(of_night, fill_value=False)
    return {
        "files": int(pc.sum(kept).as_py() or 0),
        "bytes": int(pc.sum(pc.filter(files["size_bytes"], kept)).as_py() or 0),
        "rows": int(pc.sum(pc.filter(files["num_records"], kept)).as_py() or 0),
    }
