"""Accepted alerts as rows of silver: which columns there are, what fills them, and what a task needs for it."""

from collections.abc import Mapping

import pyarrow as pa

from fink_lib import __version__
from fink_lib.enrich.science import Science
from fink_lib.enrich.tasks import SilverTask
from fink_lib.enrich.work import Job
from fink_lib.lake.tables.partner import PARTNER_NAMES
from fink_lib.lake.tables.spec import TableSpec
from fink_lib.lake.tables.types import TEXT_MAP
from fink_lib.science.framework.provenance import digest_of
from fink_lib.storage import LakePath
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import packet_schema


class SilverRows:
    """Makes rows of silver.

    Parameters
    ----------
    survey, lake
        Whose alerts, and the lake that has the writer schemas of their packets.
    tables
        Specs of ``bronze`` and ``silver``; columns of silver that nothing fills are left out.
    science
        The modules that run.
    versions
        Module, catalogue or model → version.
    """

    def __init__(
        self,
        survey: Survey,
        lake: LakePath,
        tables: Mapping[str, TableSpec],
        science: Science,
        versions: Mapping[str, str],
    ) -> None:
        constants = {
            "code_version": pa.scalar(__version__),
            "science_versions": pa.scalar(list(versions.items()), TEXT_MAP),
            "science_digest": pa.scalar(digest_of(__version__, versions)),
        }
        bronze = set(tables["bronze"].schema.names)
        filled = {*constants, *science.schema.names, *packet_schema(survey, cutouts=False).names}
        silver = tables["silver"].plain_schema
        self._passed = [name for name in silver.names if name in bronze and name not in filled]
        here = {*filled, *self._passed, "night", "enrich_time", *PARTNER_NAMES}
        schema = pa.schema([one for one in silver if one.name in here])
        self._silver, self._job = tables["silver"], Job(survey, lake, science, constants, schema)

    def task(self, folder: LakePath) -> SilverTask:
        """Return what makes files of silver in a folder of the table."""
        return SilverTask(self._job, tuple(self._passed), self._silver, folder)
