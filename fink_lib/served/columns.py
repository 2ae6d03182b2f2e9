"""Which columns `sources` has for a survey, and where each stands in silver."""

from collections.abc import Iterator

import pyarrow as pa

from fink_lib.lake.tables import TableSpec, gold_alert_ids, gold_latest, gold_sources
from fink_lib.lake.tables.served import CLASS, HPX, RUN
from fink_lib.lake.tables.spec import column, meaning_of, unit_of
from fink_lib.surveys import Survey

CLASS_NAME, HPX_NAME, RUN_NAME = CLASS.name, HPX.name, RUN.name


def measured(survey: Survey, silver: pa.Schema) -> dict[str, pa.Field]:
    """Return the packet fields and science columns that `sources` keeps: dotted path in silver → column.

    Parameters
    ----------
    survey
        Whose.
    silver
        Columns of its silver table; what they lack is left out.
    """
    facts, current = survey.served, survey.inputs.current
    found: dict[str, pa.Field] = {}
    if current in silver.names:
        record = silver.field(current).type
        found = {f"{current}.{name}": record.field(name) for name in facts.kept if record.get_field_index(name) >= 0}
    found |= {name: silver.field(name) for name in facts.science if name in silver.names}
    return {path: column(one.name, one.type, meaning_of(one) or path, unit_of(one)) for path, one in found.items()}


def sources_spec(survey: Survey, silver: pa.Schema) -> TableSpec:
    """Return the table `sources` of a survey whose silver has some columns.

    Parameters
    ----------
    survey
        Whose.
    silver
        Columns of its silver table; what they lack is left out.
    """
    return gold_sources(survey.name, pa.schema(list(measured(survey, silver).values())))


def served_specs(survey: Survey, silver: pa.Schema) -> Iterator[tuple[TableSpec, str]]:
    """Yield the tables made for reading, each with its order within a run, as SQL.

    Parameters
    ----------
    survey
        Whose.
    silver
        Columns of its silver table.

    Returns
    -------
    `sources` comes first: the others are made out of it.
    """
    yield sources_spec(survey, silver), "hpx, time, alert_id"
    yield gold_alert_ids(survey.name), "alert_id"
    yield gold_latest(survey.name), "class NULLS LAST, time DESC, alert_id"


def paths_in_silver(survey: Survey, silver: pa.Schema) -> dict[str, str]:
    """Return where each column of `sources` stands in silver, name → dotted path; none that is computed.

    Parameters
    ----------
    survey
        Whose.
    silver
        Columns of its silver table; what they lack is left out.
    """
    identity = ("night", "alert_id", "object_id", "time", "ra", "dec", "band")
    paths = {name: name for name in identity}
    paths |= {one.name: path for path, one in measured(survey, silver).items()}
    if survey.served.class_column in silver.names:
        paths[CLASS_NAME] = survey.served.class_column
    return paths
