"""What must be true of a night of `gold_<survey>__crossmatch`."""

from typing import TYPE_CHECKING

from fink_lib.lake.rules import Rule
from fink_lib.lake.tables.spec import full_name
from fink_lib.quality.rules import Judged, Key, rule_suite
from fink_lib.quality.suites import MatchSuite, Radii
from fink_lib.surveys import Survey

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

KEYS = (Key("alert_catalog", "An alert has one match in a catalogue.", ("catalog", "alert_id")),)

# Of a separation that is computed and then compared with the radius it was selected by
ROUNDING_ARCSEC = 1e-6


def rules(survey: Survey, radii: Radii) -> tuple[Judged, ...]:  # noqa: ARG001 - all suites are asked alike
    """Return the row rules: whose match, with what, and that it is near enough.

    Parameters
    ----------
    survey
        Whose matches.
    radii
        Radius in arcsec of each catalogue and version that was ever loaded.
    """
    place = "source_ra >= 0 AND source_ra < 360 AND source_dec BETWEEN -90 AND 90"
    # Of 59,099 sources of the GCVS 393 have neither a name nor a class: their place is what tells them.
    source = "source_id IS NOT NULL OR label IS NOT NULL OR (source_ra IS NOT NULL AND source_dec IS NOT NULL)"
    named = f"alert_id IS NOT NULL AND catalog IS NOT NULL AND ({source})"
    near = f"separation_arcsec >= 0 AND separation_arcsec <= {_radius(radii)} + {ROUNDING_ARCSEC!r}D"
    return (
        Judged(Rule("named", named, "A match tells its alert, its catalogue and a source."), "critical"),
        Judged(
            Rule("version", f"{_radius(radii)} IS NOT NULL", "A match is with a version that was loaded."), "critical"
        ),
        Judged(Rule("separation", near, "A match lies within the radius of its catalogue's version."), "critical"),
        Judged(Rule("place", place, "The source has a place on the sky."), "warning"),
    )


def _radius(radii: Radii) -> str:
    """Return the radius of a row's catalogue and version as SQL, null where it was never loaded."""
    if not radii:
        return "CAST(NULL AS DOUBLE)"
    cases = " ".join(
        f"WHEN catalog = '{name}' AND catalog_version = {version} THEN {radius!r}D"
        for (name, version), radius in sorted(radii.items())
    )
    return f"(CASE {cases} END)"


def suite(survey: Survey, radii: Radii) -> "ExpectationSuite":
    """Return the suite of one survey."""
    return rule_suite(full_name("gold", survey.name, "crossmatch"), rules(survey, radii), KEYS)


MATCHES = MatchSuite(rules, KEYS, suite)
