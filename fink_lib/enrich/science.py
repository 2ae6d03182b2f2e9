"""All science modules of a survey in one pass through Python, over the fields that they declare."""

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyspark.sql.types as T
from pyspark import Accumulator

from fink_lib.config import Settings
from fink_lib.lake.tables.types import TEXT_MAP
from fink_lib.science.framework.base import Module
from fink_lib.science.framework.batch_builder import form_batch, wanted
from fink_lib.science.framework.isolation import Isolated, Limits
from fink_lib.science.framework.registry import stream_modules
from fink_lib.science.framework.silver import science_schema
from fink_lib.surveys import Survey, get_survey
from fink_lib.surveys.inputs import SurveyInputs, inputs_of

ERRORS = "science_errors"
LIMITS = Limits()
FORMING = "(forming)"  # packets into arrays, which all modules share
FOLDERS = ("FINK_CATALOGS", "FINK_TNS_SNAPSHOT")
ERRORS_TYPE = T.MapType(T.StringType(), T.StringType())


@dataclass(frozen=True)
class Science:
    """The modules that run, and how.

    Attributes
    ----------
    survey
        Name of the survey whose modules these are.
    modules
        In their order.
    compute
        Struct array of the fields that the modules declare → struct array of `science_schema` and `science_errors`.
    """

    survey: str
    modules: tuple[Module, ...]
    compute: Callable[[pa.StructArray], pa.StructArray]

    @property
    def inputs(self) -> dict[str, str]:
        """Name of a field that `compute` reads → its dotted path in the packet."""
        inputs = inputs_of(self.survey)
        return wanted(self.modules, inputs).columns(inputs)

    @property
    def schema(self) -> pa.Schema:
        """Columns that `compute` returns."""
        return pa.schema([*science_schema(self.modules), pa.field(ERRORS, TEXT_MAP)])

    def stamp_gate(self) -> str:
        """Return the SQL predicate of alerts that bring their stamps."""
        return stamp_gate(self.modules, inputs_of(self.survey))


def science_of(
    survey: Survey,
    cache: Path,
    names: Sequence[str] | None = None,
    spent: Accumulator[dict[str, float]] | None = None,
    *,
    limits: Limits = LIMITS,
    planted: Sequence[Module] | None = None,
) -> Science:
    """Return the science of a stream; a worker keeps its catalogues and models from batch to batch.

    Parameters
    ----------
    survey
        Whose modules, over whose packets.
    cache
        Folder of catalogues and models, the same on every worker.
    names
        Only these modules; all when not given.
    spent
        Where workers add the seconds of each module.
    limits
        What no module may exceed.
    planted
        Modules that run in place of the survey's own.
    """
    folders = {name: os.environ[name] for name in FOLDERS if name in os.environ}
    compute = functools.partial(
        evaluate, survey=survey.name, cache=str(cache), names=names, folders=folders, spent=spent, limits=limits,
        planted=planted,
    )  # fmt: skip
    return Science(survey.name, tuple(planted or stream_modules(survey.name, names)), compute)


def limits_of(settings: Settings) -> Limits:
    """Return what no module may exceed, as set."""
    return Limits(
        alert_s=settings.science_alert_s,
        load_s=settings.science_load_s,
        search_s=settings.science_search_s,
        memory_mb=settings.science_memory_mb,
    )


def stamp_gate(modules: Sequence[Module], inputs: SurveyInputs) -> str:
    """Return for which alerts any module may look at a stamp, as SQL over the packet's fields in bronze.

    Parameters
    ----------
    modules
        Modules of a survey.
    inputs
        How their inputs are read from the survey's packets.

    Returns
    -------
    ``FALSE`` where no module looks at stamps.
    """
    tests = {module.stamps_if for module in modules if module.stamps}
    return " OR ".join(f"({inputs.predicate(test) or 'TRUE'})" for test in sorted(tests)) or "FALSE"


def evaluate(
    packets: pa.StructArray,
    survey: str,
    cache: str,
    *,
    names: Sequence[str] | None = None,
    folders: Mapping[str, str] | None = None,
    spent: Accumulator[dict[str, float]] | None = None,
    limits: Limits = LIMITS,
    planted: Sequence[Module] | None = None,
) -> pa.StructArray:
    """Run a survey's modules, in a process apart, over a struct array of the fields that they declare.

    Parameters
    ----------
    packets
        Fields, under the names of `Wanted.columns`.
    survey, cache, names, spent, limits, planted
        As for `science_of`.
    folders
        Where the driver finds its catalogues, by environment variable: a worker of a cluster has not its environment.
    """
    os.environ.update(folders or {})
    modules = tuple(planted or stream_modules(survey, names))
    found = isolated(survey, cache, modules, limits).run(packets)
    if spent is not None:
        spent.add({**found.seconds, FORMING: found.forming_s})
    arrays = {**found.columns, ERRORS: found.errors}
    return pa.StructArray.from_arrays(list(arrays.values()), names=list(arrays))


@functools.lru_cache(maxsize=2)  # a reprocessing asks for some modules and for all of them in turn
def isolated(survey: str, cache: str, modules: tuple[Module, ...], limits: Limits) -> Isolated:
    """Return what runs modules in a process apart, kept with its catalogues and models from batch to batch.

    Parameters
    ----------
    survey
        Its name.
    cache
        Folder of catalogues and models.
    modules
        What runs, in its order.
    limits
        What no module may exceed.
    """
    inputs = inputs_of(survey)
    form = functools.partial(form_batch, want=wanted(modules, inputs), inputs=inputs, survey=get_survey(survey))
    return Isolated(modules, form, Path(cache), limits)
