"""The matches of a night beside their rules: when they are made, and again whenever the night is judged."""

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.catalogs.versions import catalog_versions
from fink_lib.files import JsonObject
from fink_lib.lake.delta import delta_table, is_delta_table
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.rows import Rows
from fink_lib.lake.tables.catalogs import gold_crossmatch
from fink_lib.nightly.job import NightContext
from fink_lib.quality.docs import DocsFolder
from fink_lib.quality.run_suites import count_rules, empty_suite, judge
from fink_lib.quality.suites import MatchSuite, Radii

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext


def judge_matches(
    context: NightContext, expected: MatchSuite, gx: "AbstractDataContext", docs: DocsFolder | None
) -> JsonObject:
    """Run the suite over the matches that the night has; before its first match there are none.

    Parameters
    ----------
    context
        The night.
    expected
        The suite, whose rules go by the radii of catalogues.
    gx
        As `quiet_context` makes it.
    docs
        Takes the page of the suite; None draws none.
    """
    spec = gold_crossmatch(context.survey.name)
    if not is_delta_table(spec.path(context.settings.lake)):
        return empty_suite(spec.full_name)
    radii = loaded_radii(context)
    rules = expected.rules(context.survey, radii)
    counted = count_rules(_rows(context), rules, expected.keys)
    if not counted.rows:
        return empty_suite(spec.full_name)
    return judge(gx, counted, rules, expected.suite(context.survey, radii), docs)


def broken_matches(context: NightContext, expected: MatchSuite) -> list[str]:
    """Return, for each critical rule that fresh matches break, its name and how many rows do.

    Parameters
    ----------
    context
        The night.
    expected
        The suite, whose rules go by the radii of catalogues.
    """
    rules = [one for one in expected.rules(context.survey, loaded_radii(context)) if one.severity == "critical"]
    counted = count_rules(_rows(context), rules, expected.keys)
    checks = [(one.rule.name, counted.broken(one.column, is_rule=True)) for one in rules]
    checks += [(key.name, counted.broken(key.column, is_rule=False)) for key in expected.keys]
    return [f"{name} ({count} of {counted.rows} rows break it)" for name, count in checks if count]


def loaded_radii(context: NightContext) -> Radii:
    """Return the radius in arcsec of each version of each catalogue that was ever loaded.

    One that says none is for the suite of the catalogues to find; its matches are with a version that nobody knows.
    """
    versions = catalog_versions(context.settings.lake)
    return {(one.name, one.version): one.radius_arcsec for one in versions if one.radius_arcsec is not None}


def _rows(context: NightContext) -> Rows:
    table = delta_table(gold_crossmatch(context.survey.name).path(context.settings.lake))
    return Rows(dataset_of(table), pc.field("night") == pa.scalar(context.night))
