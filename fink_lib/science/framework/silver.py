"""The silver table of a survey: its packets, with a column for each output that the science modules declare."""

from collections.abc import Sequence

import pyarrow as pa

from fink_lib.lake.tables import silver_alerts
from fink_lib.lake.tables.spec import TableSpec, column
from fink_lib.science.framework.base import Module
from fink_lib.science.framework.registry import stream_modules
from fink_lib.surveys import Survey
from fink_lib.surveys.tables import packet_schema


def science_schema(modules: Sequence[Module]) -> pa.Schema:
    """Return the outputs of some modules as columns."""
    return pa.schema([column(out.name, out.type, out.meaning, out.unit) for one in modules for out in one.outputs])


def silver_spec(survey: Survey, modules: Sequence[Module] | None = None) -> TableSpec:
    """Return the silver table of a survey, with the outputs of its stream's modules, or of some others.

    Parameters
    ----------
    survey
        Whose packets the table keeps.
    modules
        Whose outputs it has; those of the survey's stream if none.
    """
    chosen = stream_modules(survey.name) if modules is None else modules
    return silver_alerts(survey.name, packet_schema(survey, cutouts=False), science_schema(chosen))
