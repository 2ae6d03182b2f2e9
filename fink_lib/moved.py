"""Modules that stand elsewhere since 0.2.0: their old names work until 0.3.0, with a warning that names the new one.

An old name is asked for by whoever has plug-ins, notebooks or jobs of their own. It gives the very module that the new
name gives, so that classes and caches are not there twice. Nothing is imported before somebody asks.
"""

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

GONE_IN = "0.3.0"
ROOTS = ("fink_lib.", "expectations.")


def _each(old: str, new: str, names: str) -> dict[str, str]:
    return {f"{old}.{name}": f"{new}.{name}" for name in names.split()}


# Old name → new one; what stands below an old package is found below the new one, unless it has a line of its own.
MOVED: Mapping[str, str] = {
    "expectations.columns": "fink_lib.quality.columns",
    "expectations.rules": "fink_lib.quality.rules",
    "fink_lib.bench.bed": "fink_lib.bench.environment",
    "fink_lib.catalogs.spark": "fink_lib.catalogs",
    "fink_lib.cli.books": "fink_lib.cli.night_summary",
    "fink_lib.cli.host": "fink_lib.host",
    "fink_lib.cli.host.processes": "fink_lib.processes.detached",
    "fink_lib.cli.host.topics": "fink_lib.kafka.reading",
    "fink_lib.crossmatch": "fink_lib.catalogs",
    "fink_lib.crossmatch.ledger": "fink_lib.catalogs.versions",
    "fink_lib.crossmatch.matched": "fink_lib.catalogs.matched",
    "fink_lib.crossmatch.tables": "fink_lib.lake.tables.catalogs",
    **_each("fink_lib.distribute", "fink_lib.kafka", "access message recovery topics users"),
    "fink_lib.distribute.sender": "fink_lib.kafka.sending",
    "fink_lib.enrich.repeats": "fink_lib.enrich.duplicates",
    "fink_lib.filters.plugins": "fink_lib.filters.upstream",
    "fink_lib.filters.plugins.fence": "fink_lib.filters.upstream.sandbox",
    "fink_lib.ingest.stamps": "fink_lib.ingest.cutouts",
    "fink_lib.job_command": "fink_lib.processes.command",
    "fink_lib.job_run": "fink_lib.processes.endings",
    "fink_lib.lake.column_types": "fink_lib.lake.tables.types",
    "fink_lib.lake.shared_tables": "fink_lib.lake.tables",
    "fink_lib.lake.table": "fink_lib.lake.spark.table",
    "fink_lib.models": "fink_lib.science.models",
    **_each("fink_lib.nightly", "fink_lib.quality", "docs drift matches quality_results"),
    "fink_lib.nightly.judge": "fink_lib.quality.run_suites",
    **_each("fink_lib.nightly", "fink_lib.render", "bars flow plots"),
    "fink_lib.nightly.best": "fink_lib.nightly.report.highlights",
    "fink_lib.nightly.best.light_curve": "fink_lib.render.light_curve",
    "fink_lib.nightly.best.stamps": "fink_lib.render.cutouts",
    "fink_lib.nightly.ledger": "fink_lib.nightly.closed",
    "fink_lib.nightly.lost": "fink_lib.nightly.reconcile.missing_messages",
    "fink_lib.nightly.quality": "fink_lib.quality.step",
    "fink_lib.nightly.tallies": "fink_lib.nightly.statistics.group_counts",
    "fink_lib.nightly.undated": "fink_lib.nightly.reconcile.no_night",
    "fink_lib.nightly.watermarks": "fink_lib.kafka.reading",
    **_each("fink_lib.offline", "fink_lib.compare_fink", "filter_causes parity rules side_by_side"),
    "fink_lib.offline.leaves": "fink_lib.offline.flatten",
    "fink_lib.orchestration.turns": "fink_lib.orchestration.closing_lock",
    "fink_lib.pages": "fink_lib.docs_pages",
    "fink_lib.registry": "fink_lib.kafka.registry",
    **_each("fink_lib.science", "fink_lib.science.framework", "accuracy base batch provenance registry runner"),
    "fink_lib.science.forming": "fink_lib.science.framework.batch_builder",
    **_each(
        "fink_lib.science",
        "fink_lib.science.cases",
        "anomaly blazars classification detections early_snia host hostless kilonova known_sources "
        "light_curve_features magnitude_rate magnitudes microlensing neighbours quality rubin solar_system "
        "supernnova transient_flags variable_stars",
    ),
    **_each(
        "fink_lib.science",
        "fink_lib.science.methods",
        "classify distance elephant fluxcal moving_objects paczynski photometry rise trees trust_region visits",
    ),
    "fink_lib.science.fits_image": "fink_lib.fits_image",
    "fink_lib.science.inputs": "fink_lib.surveys.inputs",
    "fink_lib.science.tracklets": "fink_lib.science.methods.links",
    **_each("fink_lib.science.rubin", "fink_lib.science.methods.rubin", "early_snia_features early_snia_model points"),
    "fink_lib.science.rubin.early_snia_accuracy": "fink_lib.science.training.early_snia_rubin_accuracy",
    "fink_lib.science.rubin.early_snia_training": "fink_lib.science.training.early_snia_rubin",
    "fink_lib.science.rubin.elasticc": "fink_lib.science.training.elasticc",
    "fink_lib.science.sky": "fink_lib.sky",
    "fink_lib.simulator.kafka": "fink_lib.kafka.producing",
    "fink_lib.simulator.stamps": "fink_lib.simulator.cutouts",
    "fink_lib.spark": "fink_lib.lake.spark.session",
    "fink_lib.streaming": "fink_lib.streams",
    "fink_lib.streaming.process": "fink_lib.processes.identity",
    "fink_lib.streaming.sentence": "fink_lib.processes.error_summary",
    "fink_lib.user_filters": "fink_lib.filters.users",
    "fink_lib.user_filters.words": "fink_lib.filters.users.allowed_sql",
}
# Module that is still there → what was defined in it, and where that is now
MOVED_OUT: Mapping[str, Mapping[str, str]] = {
    "fink_lib.nightly.results": dict.fromkeys(("JsonObject", "replace_text", "to_json"), "fink_lib.files"),
    "fink_lib.offline": dict.fromkeys(("Comparison", "Difference", "compare"), "fink_lib.compare_fink.parity"),
}


def new_name(old: str) -> str | None:
    """Return where a module of an old name stands now; None when the name is none that moved."""
    package, rest = old, ""
    while package not in MOVED:
        package, _, last = package.rpartition(".")
        if not package:
            return None
        rest = f".{last}{rest}"
    return MOVED[package] + rest


class MovedModules(MetaPathFinder, Loader):
    """Finds and loads modules under their old names, for ``sys.meta_path``."""

    def find_spec(self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None) -> ModuleSpec | None:
        """Return how a module of an old name is loaded; None for every other name.

        A new module that is not there is no find: the error that follows bears the name that was asked for.

        Parameters
        ----------
        name
            Full name of the module that is imported.
        _path, _target
            Not asked.
        """
        new = new_name(name) if name.startswith(ROOTS) else None
        if new is None or not _is_there(new):
            return None
        return ModuleSpec(name, self, origin=new)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that stands under the new name."""
        _warn(spec.name, str(spec.origin))
        module = importlib.import_module(str(spec.origin))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back: it was executed under its new name."""
        spec = module.__spec__
        if spec is not None and spec.loader is self:
            module.__spec__ = spec.loader_state


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _warn(old: str, new: str) -> None:
    warnings.warn(f"{old} is {new} since fink-lake 0.2.0; the old name goes with {GONE_IN}", DeprecationWarning, 3)


def names_of(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module that names were moved out of."""

    def find(name: str) -> Any:
        new = MOVED_OUT[module].get(name)
        if new is None:
            raise AttributeError(f"module '{module}' has no attribute '{name}'", name=name)
        _warn(f"{module}.{name}", f"{new}.{name}")
        return getattr(importlib.import_module(new), name)

    return find


def install() -> None:
    """Make old names work. First in the line: an old package's path leads the ordinary finder to second copies."""
    if not any(isinstance(finder, MovedModules) for finder in sys.meta_path):
        sys.meta_path.insert(0, MovedModules())
