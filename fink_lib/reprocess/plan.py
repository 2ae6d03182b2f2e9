"""The plan: what would be read and replaced, with which versions, and what it will cost. It only looks."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib import __version__
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.filters.users.predicate import parse_predicate
from fink_lib.lake.digest import value_hashes
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.tables.spec import column_paths
from fink_lib.lake.versions import Table
from fink_lib.reprocess.folder import JsonObject, RequestFolder, listed
from fink_lib.reprocess.pinned_pairs import PAIRS, pairs_version
from fink_lib.reprocess.request import CUT_PREFIX, KEEP_PREFIX, Request
from fink_lib.reprocess.tables import READ, current_version, files_of, open_table, rows_by_night, table_path
from fink_lib.science.framework.registry import stream_modules, with_dependents
from fink_lib.science.framework.runner import versions
from fink_lib.surveys import Cut, Survey, get_survey
from fink_lib.surveys.tables import bronze_spec, packet_schema

ASSUMED_RATE = 200.0  # alerts/s, where no run has been recorded: two busy cores did 250 with the lightest modules
START_S = 25.0  # a JVM, its first plan and the catalogues
CATALOG_PREFIX = "catalog."
EVERYTHING = "true"  # a cut that every alert passes
VERSIONS, DIGEST = "science_versions", "science_digest"


@dataclass(frozen=True)
class Rate:
    """How fast alerts are reprocessed.

    Attributes
    ----------
    alerts_per_s
        Rate.
    runs
        Number of recorded runs that it was taken from; 0 when it is assumed.
    """

    alerts_per_s: float
    runs: int


def cuts_in_force(survey: Survey, request: Request, settings: Settings) -> tuple[Cut, ...]:
    """Return the cuts of a request: the survey's own, with the choices and predicates that it overrides.

    Parameters
    ----------
    survey
        Whose cuts.
    request
        Overrides predicates by ``cut.<name>``, and switches optional cuts off or on by ``keep_<name>``.
    settings
        Choose which optional cuts are in force otherwise.
    """
    usual = survey.cuts_in_force(settings)
    optional = [
        cut for cut in survey.optional_cuts if not request.flag(f"{KEEP_PREFIX}{cut.name}", default=cut not in usual)
    ]
    changed = request.cuts
    return tuple(
        Cut(cut.name, changed[cut.name], f"overridden for one reprocessing; the survey's own is: {cut.keep}")
        if cut.name in changed
        else cut
        for cut in (*survey.cuts, *optional)
    )


def chosen_modules(request: Request) -> tuple[str, ...]:
    """Return the names of the modules to run, in the registry's order; () means all.

    Those that read what the chosen ones find run too, and all that these read: a class that was made from other
    scores than those beside it would be worse than an old one.

    Raises
    ------
    ConfigError
        When a name is unknown.
    """
    if not request.modules:
        return ()
    return tuple(module.name for module in with_dependents(request.survey, request.modules))


def check_catalogs(asked: Mapping[str, str], in_force: Mapping[str, str]) -> None:
    """Refuse a request whose catalogue versions are not those that the modules would load.

    Parameters
    ----------
    asked
        Catalogue → version that the request names.
    in_force
        ``catalog.<name>`` → version, as the modules would load them.

    Raises
    ------
    ConfigError
        Naming the catalogue and both versions.
    """
    for name, version in asked.items():
        found = in_force.get(f"{CATALOG_PREFIX}{name}")
        if found is None:
            known = [key.removeprefix(CATALOG_PREFIX) for key in in_force if key.startswith(CATALOG_PREFIX)]
            raise ConfigError(f"no module uses a catalogue '{name}': there are {', '.join(sorted(known)) or 'none'}")
        if found != version:
            raise ConfigError(f"catalogue {name} is in force as '{found}', not '{version}': load that version first")


def check_cuts(survey: Survey, cuts: Mapping[str, str]) -> None:
    """Refuse a cut that Spark could not evaluate, in the language of users' filters, before a JVM is started.

    Parameters
    ----------
    survey
        Whose packets.
    cuts
        Name of the cut → predicate in Spark SQL; `EVERYTHING` is none.

    Raises
    ------
    ConfigError
        Naming the cut, and the column or the word that is not there or not allowed.
    """
    columns = bronze_spec(survey).paths | column_paths(packet_schema(survey, cutouts=True))
    for name, keep in cuts.items():
        if keep.strip().lower() == EVERYTHING:
            continue
        try:
            parse_predicate(keep, columns)
        except ConfigError as error:
            raise ConfigError(f"override {CUT_PREFIX}{name} cannot be used: {error}") from None


def recorded_rate(settings: Settings) -> Rate:
    """Return the median rate of the runs recorded in this home."""
    runs = [folder.read("candidate") for folder in listed(settings) if folder.has("candidate")]
    rates = [run["alerts"] / run["work_s"] for run in runs if run.get("alerts") and run.get("work_s", 0) > 0]
    return Rate(statistics.median(rates), len(rates)) if rates else Rate(ASSUMED_RATE, 0)


def make_plan(folder: RequestFolder) -> JsonObject:
    """Look at the tables and put the plan together.

    Raises
    ------
    ConfigError
        When a version, module or catalogue is not to be had, or there is nothing to do.
    """
    request, settings = folder.request(), folder.settings
    survey = get_survey(request.survey)
    names = chosen_modules(request)
    in_force = versions(stream_modules(survey.name, names or None), settings.cache)
    check_catalogs(request.catalogs, in_force)
    check_cuts(survey, request.cuts)
    paths = {table: table_path(settings, survey.name, table) for table in READ}
    pinned = {table: current_version(paths[table]) for table in READ}
    pinned[Table.BRONZE] = int(open_table(paths[Table.BRONZE], request.bronze_version).version())
    files = {table: files_of(paths[table], pinned[table], request.nights) for table in READ}
    rows = {str(table): rows_by_night(files[table]) for table in READ}
    bronze = sum(rows[Table.BRONZE].values())
    if not bronze:
        raise ConfigError(f"bronze of {survey.name} holds no alert from {request.first_night} to {request.last_night}")
    return {
        "request": request.as_json(),
        "nights": sorted(rows[Table.BRONZE]),
        "rows": rows,
        "versions": {**{str(table): pinned[table] for table in READ}, PAIRS: pairs_version(settings)},
        "modules": list(names) or "all",
        "science_versions": in_force,
        "live_science_versions": live_versions(folder, pinned[Table.SILVER]),
        "code_version": __version__,
        "cuts": {cut.name: cut.keep for cut in cuts_in_force(survey, request, settings)},
        "cuts_changed": sorted(request.cuts),
        "cost": cost(bronze, sum(file.size_bytes for file in files[Table.SILVER]), recorded_rate(settings)),
    }


def cost(alerts: int, silver_bytes: int, rate: Rate) -> JsonObject:
    """Estimate the time of a run, in seconds, and the room for its candidate tables, in bytes.

    Parameters
    ----------
    alerts
        In the nights.
    silver_bytes
        Bytes of the live nights: those of the candidate are taken to be as many.
    rate
        How fast alerts were reprocessed so far.
    """
    return {
        "alerts": alerts,
        "alerts_per_s": round(rate.alerts_per_s, 1),
        "rate_from_runs": rate.runs,
        "seconds": round(START_S + alerts / rate.alerts_per_s, 1),
        "candidate_bytes": silver_bytes,
    }


def live_versions(folder: RequestFolder, version: int | None) -> dict[str, list[str]]:
    """Return, for each module, catalogue or model, the versions that the live rows of the nights were made with.

    A digest names all versions behind a row, so one row of each tells them; rows of several reprocessings of single
    modules have none and are looked at themselves, a batch at a time.

    Parameters
    ----------
    folder
        The request.
    version
        Of live silver; None, where there is no table, gives nothing.
    """
    request = folder.request()
    if version is None:
        return {}
    rows = dataset_of(open_table(table_path(folder.settings, request.survey, Table.SILVER), version))
    mine = pc.field("night").isin(list(request.nights))
    named = set[str | None]()
    for batch in rows.scanner(columns=[DIGEST], filter=mine).to_batches():
        named |= set(pc.unique(batch[DIGEST]).to_pylist())
    pairs = set[tuple[str, str]]()
    for digest in named - {None}:
        pairs |= _pairs(rows.scanner(columns=[VERSIONS], filter=mine & (pc.field(DIGEST) == digest)).head(1)[VERSIONS])
    if None in named:
        for batch in rows.scanner(columns=[VERSIONS], filter=mine & pc.field(DIGEST).is_null()).to_batches():
            pairs |= _pairs(batch[VERSIONS])
    told: dict[str, list[str]] = {}
    for name, found in sorted(pairs):
        told.setdefault(name, []).append(found)
    return told


def _pairs(column: pa.Array | pa.ChunkedArray) -> set[tuple[str, str]]:
    """Return the distinct entries of a column of maps."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    _, firsts = np.unique(value_hashes(whole), return_index=True)
    return {pair for row in whole.take(pa.array(firsts)).to_pylist() if row for pair in row}
