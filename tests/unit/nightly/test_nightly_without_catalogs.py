"""A lake without catalogues: the step has nothing to do, and starts no JVM to find that out."""

from functools import partial

from fink_lib.config import Settings
from fink_lib.nightly import crossmatch
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.results import Step, read_result
from fink_lib.surveys import ZTF
from fink_lib.testing.nights import NIGHT


def nothing_to_judge(context: NightContext) -> list[str]:
    raise AssertionError(f"{context.label} has matches")


def test_without_catalogues_nothing_is_matched(settings: Settings) -> None:
    context = NightContext(settings, ZTF, NIGHT, "run-1")
    perform(context, Step.CROSSMATCH, partial(crossmatch.run, broken_matches=nothing_to_judge))
    result = read_result(context.folder, Step.CROSSMATCH, "run-1")
    assert result is not None
    assert (result["catalogs"], result["night"]) == ([], NIGHT.isoformat())
