"""What must be true of a night of `silver_<survey>__alerts`."""

from typing import TYPE_CHECKING

from fink_lib.lake.rules import Rule
from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.rules import Judged, Key, identity_rules, packet_rules, rule_suite, where_nan_is_missing
from fink_lib.science.framework.base import FAILED
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

KEYS = (Key("alert_id_unique", "An alert stands in a night of silver once.", ("alert_id",)),)

FEW_ERRORS = 0.99
NO_COLLAPSE = 0.5


def rules(survey: Survey) -> tuple[Judged, ...]:
    """Return the row rules: identity, ranges, the survey's cuts, and that the science was done."""
    kept = [where_nan_is_missing(Rule(f"cut_{cut.name}", cut.keep, cut.meaning), survey) for cut in survey.cuts]
    cuts = tuple(Judged(rule, "critical") for rule in kept)
    versions = Rule(
        "science_versions", "size(map_keys(science_versions)) > 0", "The versions of the science modules are kept."
    )
    order = Rule("enrich_time", "enrich_time >= ingest_time", "An alert is enriched after it was ingested.")
    failed = f"size(filter(map_values(science_errors), why -> startswith(why, '{FAILED}'))) > 0"
    errors = f"science_errors IS NULL OR NOT {failed}"
    partner = Rule(
        "partner",
        "partner_id IS NULL OR (partner_survey IS NOT NULL AND partner_tables IS NOT NULL"
        " AND partner_sep_arcsec >= 0 AND partner_chance >= 0 AND partner_chance <= 1)",
        "A partner has its survey, its table, a separation and a probability.",
    )
    few = Rule("science_errors", errors, "At least 99 % of the alerts passed all science modules without an error.")
    many = Rule("science_collapse", errors, "At least half of the alerts passed all science modules without an error.")
    return (
        *identity_rules(survey),
        *packet_rules(survey),
        *cuts,
        Judged(versions, "critical"),
        Judged(order, "warning"),
        Judged(partner, "warning"),
        Judged(few, "warning", FEW_ERRORS),
        Judged(many, "critical", NO_COLLAPSE),
    )


def suite(survey: Survey) -> "ExpectationSuite":
    """Return the suite of one survey."""
    return rule_suite(full_name("silver", survey.name, "alerts"), rules(survey), KEYS)
