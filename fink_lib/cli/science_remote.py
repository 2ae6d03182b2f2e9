"""`fink science remote`: ask a remote catalogue about the places of alerts, outside the streams."""

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import typer

from fink_lib.catalogs.remote import REMOTE, Answer, CrossmatchService, State, match_remote
from fink_lib.catalogs.remote.cells import CellCache
from fink_lib.catalogs.remote.service import URL
from fink_lib.cli.common import load_settings, say
from fink_lib.errors import ConfigError
from fink_lib.offline.packets import packets_of
from fink_lib.simulator import resolve_path
from fink_lib.surveys import get_survey, value_at
from fink_lib.surveys.inputs import inputs_of

Floats = npt.NDArray[np.float64]

SERVICES = {"simbad": "simbad", "gaia": "gaia_dr3"}


def remote(
    path: Annotated[str, typer.Argument(help="Packets: a file, folder, archive or Delta table, or `sample`.")],
    *,
    service: Annotated[str, typer.Option(help="simbad or gaia.")],
    out: Annotated[Path, typer.Option(help="Parquet file to write, one row an alert.")],
    survey: Annotated[str, typer.Option(help="Whose packets they are.")] = "ztf",
    timeout_s: Annotated[float, typer.Option("--timeout", help="Seconds to the last byte of an answer.")] = 30.0,
    attempts: Annotated[int, typer.Option(help="How often a question is asked.")] = 3,
    max_age_days: Annotated[float, typer.Option(help="Older answers are asked for again.")] = 30.0,
    url: Annotated[str, typer.Option(help="The crossmatch service.")] = URL,
) -> None:
    """Write the nearest source of each alert; where the service did not answer, the row says `unavailable`.

    Answers are kept by sky cell in the cache: what was asked once is not asked again before it is old.
    """
    if service not in SERVICES:
        raise ConfigError(f"unknown service '{service}': there are {', '.join(SERVICES)}")
    settings = load_settings(any_lake=True)
    adapter, inputs = get_survey(survey), inputs_of(survey)
    paths = (inputs.alert_id, inputs.scalars["ra"][0], inputs.scalars["dec"][0])
    packets = packets_of(resolve_path(path, settings, adapter), adapter)
    rows = [[value_at(packet, each) for each in paths] for packet in packets]
    ra, dec = (np.array([row[place] for row in rows], dtype=np.float64) for place in (1, 2))
    answer = match_remote(
        REMOTE[SERVICES[service]],
        ra,
        dec,
        service=CrossmatchService(url=url, timeout_s=timeout_s, attempts=attempts),
        cache=CellCache(settings.cache / "remote", max_age_days),
        now=dt.datetime.now(dt.UTC),
    )
    pq.write_table(as_table([row[0] for row in rows], ra, dec, answer), out)
    counts = Counter(answer.state.tolist())
    say(f"{len(rows)} alerts: " + ", ".join(f"{counts[state]} {state}" for state in State) + f": {out}")
    if answer.problem:
        say(f"unavailable: {answer.problem}")


def as_table(alert_id: list[int], ra: Floats, dec: Floats, answer: Answer) -> pa.Table:
    """Return one row an alert: what is known, the nearest source, and when the service said so."""
    return pa.table(
        {
            "alert_id": pa.array(alert_id, type=pa.int64()),
            "ra": ra,
            "dec": dec,
            "state": pa.array([str(state) for state in answer.state], type=pa.string()),
            "label": pa.array(answer.label.tolist(), type=pa.string()),
            "separation_arcsec": pa.array(answer.separation_arcsec, from_pandas=True),
            **{name: pa.array(values.tolist(), type=pa.string()) for name, values in answer.columns.items()},
            "asked": pa.array(answer.asked.tolist(), type=pa.timestamp("us", "UTC")),
        }
    )
