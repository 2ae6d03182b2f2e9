"""All science modules of a survey as one column: one pass through Python, over the fields they declare."""

import functools
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyspark.sql.functions as F
import pyspark.sql.types as T
from pyspark import Accumulator
from pyspark.sql import Column
from pyspark.sql.pandas.functions import arrow_udf

from fink_lib.enrich.schema import science_struct
from fink_lib.science.base import Module
from fink_lib.science.forming import STAMP, form_batch, wanted
from fink_lib.science.inputs import SurveyInputs, inputs_of
from fink_lib.science.registry import stream_modules
from fink_lib.science.runner import run
from fink_lib.surveys import Survey, get_survey

ERRORS = "science_errors"
FORMING = "(forming)"  # packets into arrays, which all modules share
FOLDERS = ("FINK_CATALOGS", "FINK_TNS_SNAPSHOT")
ERRORS_TYPE = T.MapType(T.StringType(), T.StringType())


def science_column(
    survey: Survey, cache: Path, names: Sequence[str] | None = None, spent: Accumulator[dict[str, float]] | None = None
) -> Column:
    """Return a struct column with every science output and ``science_errors``.

    Only the packet fields that the modules declare go to the Python workers; a worker keeps its catalogues
    and models from batch to batch.

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
    """
    modules, inputs = stream_modules(survey.name, names), inputs_of(survey.name)
    columns = wanted(modules, inputs).columns(inputs)
    gate = stamp_gate(modules, inputs)
    packed = F.struct(
        *(
            (F.when(gate, F.col(path)) if name.startswith(STAMP) else F.col(path)).alias(name)
            for name, path in columns.items()
        )
    )
    result = T.StructType([*science_struct(modules).fields, T.StructField(ERRORS, ERRORS_TYPE)])
    folders = {name: os.environ[name] for name in FOLDERS if name in os.environ}
    compute = functools.partial(
        evaluate, survey=survey.name, cache=str(cache), names=names, folders=folders, spent=spent
    )

    def science(packets: pa.Array) -> pa.Array:
        return compute(packets)

    udf = arrow_udf(science, returnType=result)  # type: ignore[call-overload]  # its stub asks for a deprecated type
    column: Column = udf(packed)
    return column


def stamp_gate(modules: Sequence[Module], inputs: SurveyInputs) -> Column:
    """Return for which alerts any module may look at a stamp; the others do not carry theirs to Python."""
    tests = {module.stamps_if for module in modules if module.stamps}
    any_of = " OR ".join(f"({inputs.predicate(test) or 'TRUE'})" for test in sorted(tests))
    return F.expr(any_of or "FALSE")


def evaluate(
    packets: pa.StructArray,
    survey: str,
    cache: str,
    *,
    names: Sequence[str] | None = None,
    folders: Mapping[str, str] | None = None,
    spent: Accumulator[dict[str, float]] | None = None,
) -> pa.StructArray:
    """Run a survey's modules over a struct array of the fields that they declare.

    Parameters
    ----------
    packets
        Fields, under the names of `Wanted.columns`.
    survey, cache, names, spent
        As for `science_column`.
    folders
        Where the driver finds its catalogues, by environment variable: a worker of a cluster has not its environment.
    """
    os.environ.update(folders or {})
    modules, inputs = stream_modules(survey, names), inputs_of(survey)
    begin = time.perf_counter()
    batch = form_batch(packets, wanted(modules, inputs), inputs, get_survey(survey))
    forming_s = time.perf_counter() - begin
    outcome = run(modules, batch, Path(cache))
    if spent is not None:
        spent.add({**outcome.seconds, FORMING: forming_s})
    arrays = {**outcome.columns, ERRORS: outcome.error_maps(len(batch))}
    return pa.StructArray.from_arrays(list(arrays.values()), names=list(arrays))
