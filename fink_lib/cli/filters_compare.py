"""`fink filters compare`: our filters beside those of the package fink-filters, run unmodified."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fink_lib.cli.common import load_settings, say
from fink_lib.cli.tables import Column, write_rows
from fink_lib.cli.terminal import say_folded
from fink_lib.errors import ConfigError

if TYPE_CHECKING:
    from fink_lib.compare_fink.side_by_side import Pair
    from fink_lib.offline.run import Given

PACKAGE = "fink-filters"
# What Fink published that no module of this broker computes: both sides are given it.
OUTSIDE = ("cdsxmatch", "DR3Name", "spicy_id")


COLUMNS = (
    Column("filter", is_id=True),
    Column("ours"),
    Column("theirs", title="Fink's"),
    Column("both"),
    Column("only_ours"),
    Column("only_theirs", title="only Fink's"),
)


def compare(
    path: Annotated[str, typer.Argument(help="Packets: a file, folder, archive or Delta table, or `sample`.")],
    *,
    survey: Annotated[str, typer.Option(help="Whose packets they are.")] = "ztf",
    science: Annotated[
        Path | None,
        typer.Option("--science", help="Results of `fink science run` on these packets; else modules run now."),
    ] = None,
    outputs: Annotated[
        Path | None,
        typer.Option(help="What Fink published for them, as Parquet: its answers of SIMBAD and Gaia go to both sides."),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every figure, and the ids.")] = None,
) -> None:
    """Run our filters and Fink's own over the same packets; every difference is listed with its cause.

    Where no answer of SIMBAD is given, Fink's filters see what its crossmatch writes during an outage.
    """
    if science is not None and outputs is not None:
        raise ConfigError("--science was computed without what --outputs holds: give one of them")
    import pyarrow.parquet as pq

    from fink_lib.compare_fink.side_by_side import columns_for, pairs_of, run_pairs
    from fink_lib.filters.registry import filters_of
    from fink_lib.filters.upstream.loader import load_plugins
    from fink_lib.offline.alerts import Science, alert_tables
    from fink_lib.offline.packets import packets_of
    from fink_lib.offline.run import Given
    from fink_lib.science.framework.registry import modules_of
    from fink_lib.simulator import resolve_path
    from fink_lib.surveys import get_survey

    settings, adapter = load_settings(any_lake=True), get_survey(survey)
    pairs = pairs_of(filters_of(survey), load_plugins(survey))
    given = Given() if outputs is None else _given(outputs)
    earlier = None if science is None else pq.read_table(science)
    source = Science(modules_of(survey), settings.cache, earlier, given)
    packets = packets_of(resolve_path(path, settings, adapter), adapter)
    alerts = run_pairs(pairs, alert_tables(packets, columns_for(pairs, survey), adapter, source), survey)
    if json_file is not None:
        told = {"survey": survey, "alerts": alerts, "plugins": f"{PACKAGE} {version(PACKAGE)}"}
        told |= {"filters": {pair.name: pair.as_dict() for pair in pairs}}
        json_file.write_text(json.dumps(told, indent=1) + "\n")
    _show(alerts, pairs)


def _given(outputs: Path) -> "Given":
    import pyarrow.parquet as pq

    from fink_lib.compare_fink.parity import id_column
    from fink_lib.offline.run import Given

    published = pq.read_table(outputs)
    ids = published[id_column(published)].to_pylist()
    names = [name for name in OUTSIDE if name in published.column_names]
    return Given({name: dict(zip(ids, published[name].to_pylist(), strict=True)) for name in names})


def _show(alerts: int, pairs: "list[Pair]") -> None:
    rows = []
    for pair in pairs:
        told = pair.as_dict()
        figures = {name: told[name] for name in ("ours", "theirs", "both")}
        figures |= {name: len(told[name]) for name in ("only_ours", "only_theirs")}
        unknown = dict.fromkeys(name for name, figure in figures.items() if pair.problems and not figure)
        rows.append({"filter": pair.name, **figures, **unknown})
    write_rows(COLUMNS, rows)
    for pair in pairs:
        for problem in pair.problems:
            say_folded(f"{pair.name}: {problem}")
        for one in pair.as_dict()["causes"]:
            ids = ", ".join(map(str, one["alert_ids"][:3]))
            say_folded(f"{pair.name}: {len(one['alert_ids'])} only {one['side']}: {one['cause']} ({ids}, …)")
    say(f"{alerts} alerts, {PACKAGE} {version(PACKAGE)}")
