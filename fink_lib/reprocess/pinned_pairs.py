"""The pairs of objects as a plan pinned them: what a reprocessing tells of partners does not change while it runs."""

from deltalake.exceptions import DeltaError

from fink_lib.config import Settings
from fink_lib.errors import ReprocessRefused
from fink_lib.lake.tables import gold_object_pairs
from fink_lib.lake.versions import table_version
from fink_lib.objects.partners import Partners

PAIRS = "object_pairs"  # what a plan calls the table


def pairs_version(settings: Settings) -> int | None:
    """Return the newest version of the table of pairs; None where there is none."""
    return table_version(gold_object_pairs().path(settings.lake))


def partners_at(settings: Settings, survey: str, version: int | None) -> Partners:
    """Return the partners of a survey's objects at a version of the table of pairs.

    Parameters
    ----------
    settings
        Of the broker.
    survey
        Its name.
    version
        As the plan pinned it; None where there was no table.

    Raises
    ------
    ReprocessRefused
        When the version is no longer there.
    """
    if version is None:
        return Partners.none()
    try:
        return Partners.read(settings.lake, survey, version)
    except (DeltaError, OSError) as error:
        name = gold_object_pairs().full_name
        raise ReprocessRefused(f"{name} has no version {version} any more: make the plan again") from error
