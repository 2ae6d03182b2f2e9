"""The manifest: what a night was, in one page of JSON, kept as a new version each time the night is closed.

It is written whatever happened; the night counts as closed only when its equations hold and no critical
expectation failed.
"""

import datetime as dt
import logging
from collections.abc import Callable, Mapping

from fink_lib import __version__
from fink_lib.contracts.night import FORMAT, NightManifest
from fink_lib.errors import EquationBroken, ExpectationFailed, FinkError, NightError
from fink_lib.files import JsonObject, replace_text, to_json
from fink_lib.lake.digest import table_digest
from fink_lib.lake.versions import Table, table_version
from fink_lib.nightly.closed import NightsLedger
from fink_lib.nightly.job import NightContext, Outcome
from fink_lib.nightly.results import Step, why_missing
from fink_lib.notices.run import queue_night
from fink_lib.notices.subscriptions import read_subscriptions
from fink_lib.surveys.tables import night_specs

logger = logging.getLogger(__name__)

COUNTS = ("offered", "bronze", "quarantine", "silver", "rejected", "repeats", "quarantine_enrich")
# A notice that cannot be read, or lookups that cannot be written, turn the run red and are tried again; the night is
# what it is without them.
NOT_NEEDED = frozenset({Step.MANIFEST, Step.EVENTS, Step.SERVE})
NEEDED = tuple(step for step in Step if step not in NOT_NEEDED)


def build(context: NightContext, results: Mapping[Step, JsonObject | None]) -> JsonObject:
    """Put the manifest together from the results of the steps; pure but for the sentences of failed steps.

    Parameters
    ----------
    context
        The night and its run.
    results
        Step → its result in this run; None, or not there, for a step that has none.
    """
    reconcile = results.get(Step.RECONCILE) or {}
    quality = results.get(Step.QUALITY) or {}
    statistics = results.get(Step.STATISTICS) or {}
    matched = (results.get(Step.CROSSMATCH) or {}).get("catalogs", ())
    counts = reconcile.get("counts", {})
    missing = {str(step): why_missing(context.folder, step, context.run_id) for step in NEEDED if not results.get(step)}
    critical = list(quality.get("critical_failed", ()))
    holds = bool(reconcile.get("holds", False))
    return {
        "survey": context.survey.name,
        "night": context.night.isoformat(),
        **{name: counts.get(name, 0) for name in COUNTS},  # 0 and `not_computed` when nobody could count
        "partition_rows": dict(reconcile.get("partition_rows", {})),
        "published": dict(reconcile.get("published", {})),
        "equation_holds": holds,
        "equations": [equation["text"] for equation in reconcile.get("equations", ())],
        "lost": list(reconcile.get("lost", ())),
        "latency_s": dict(statistics.get("latency_s", {})),
        "expectations": {"passed": quality.get("passed", 0), "failed": quality.get("failed", 0)},
        "critical_failed": critical,
        "catalogs": {one["catalog"]: one["catalog_version"] for one in matched},
        "not_computed": missing,
        "ok": holds and not critical and not missing,
        "run_id": context.run_id,
        "code_version": __version__,
        "tables": dict(reconcile.get("tables", {})),
        "offsets": {topic["topic"]: topic["partitions"] for topic in reconcile.get("topics", ())},
    }


def verdict(context: NightContext, manifest: JsonObject) -> NightError | None:
    """Say in one sentence why the night stays open; None when it is closed.

    Parameters
    ----------
    context
        The night.
    manifest
        As `build` made it.
    """
    if manifest["ok"]:
        return None
    missing: dict[str, str] = manifest["not_computed"]
    broken = not manifest["equation_holds"] and str(Step.RECONCILE) not in missing
    causes = _of_equations(manifest) if broken else []
    if manifest["critical_failed"]:
        causes.append(f"critical expectations failed: {', '.join(manifest['critical_failed'])}")
    if not causes:
        # Green must mean that all of it was done; the first step in order is the one that the others waited for.
        step = next(str(step) for step in NEEDED if str(step) in missing)
        causes.append(f"{step} was not computed ({missing[step]})")
    error = EquationBroken if broken else ExpectationFailed if manifest["critical_failed"] else NightError
    return error(f"the night {context.label} stays open: {'; '.join(causes)}")


def _of_equations(manifest: JsonObject) -> list[str]:
    named = ", ".join(str(label) for label in manifest["lost"][:5])
    return [*manifest["equations"], *([f"lost: {named}"] if named else [])]


def _tell(context: NightContext, manifest: JsonObject) -> None:
    """Put into the outbox what is to be told of the night, however it stands; trouble with that never stops a night."""
    settings = context.settings
    try:
        queue_night(settings, read_subscriptions(settings.notices), manifest)
    except FinkError as error:
        logger.error("night=%s nobody is told of it: %s", context.label, error)  # noqa: TRY400  # a sentence


def content(context: NightContext) -> dict[str, str]:
    """Return the digest of what the night's enriched tables say: a reprocessing that changes a value shows in it."""
    where = f"night = DATE '{context.night.isoformat()}'"
    specs = night_specs(context.survey)
    paths = {table: specs[table].path(context.settings.lake) for table in (Table.SILVER, Table.REJECTED)}
    return {
        str(table): table_digest(path, None, where) for table, path in paths.items() if table_version(path) is not None
    }


def run(context: NightContext, clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> Outcome:
    """Write the manifest as a new version; the outcome's failure says why the night stays open.

    Parameters
    ----------
    context
        The night; the results of its steps are read from its folder.
    clock
        Tells the time at which the night is closed, with its time zone.
    """
    manifest = build(context, {step: context.result(step) for step in NEEDED})
    manifest["content"] = content(context)
    moment = clock()
    NightManifest.of({**manifest, "version": 1, "closed_at": moment.isoformat(), "format": FORMAT})
    kept = NightsLedger(context.settings.lake).record(manifest, moment)
    replace_text(context.folder / f"{Step.MANIFEST}.v{kept['version']}.json", to_json(kept))
    _tell(context, kept)
    return Outcome(kept, verdict(context, kept))
