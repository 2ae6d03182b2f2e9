"""`fink bench`: measure the real drivers on amplified real packets."""

import signal
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from fink_lib.bench import Benchmark, BenchRequest, Report, run_bench
from fink_lib.cli.common import load_settings, say
from fink_lib.config import Settings
from fink_lib.simulator import resolve_path
from fink_lib.surveys import get_survey

_ENDED = 128 + signal.SIGTERM
FEW, ALERTS = 8000, {Benchmark.HISTORY: 100_000}


def bench(
    what: Annotated[
        Benchmark,
        typer.Argument(help="One stage, the night (all three at once), science, crossmatch, commits, or history."),
    ],
    *,
    alerts: Annotated[
        int | None, typer.Option(min=1, help="Packets to measure on: 8000; history: of a night, 100000.")
    ] = None,
    path: Annotated[str, typer.Option("--from", help="Real packets to amplify, all of one schema.")] = "sample",
    survey: Annotated[str, typer.Option(help="Whose packets they are.")] = "ztf",
    rate: Annotated[float, typer.Option(min=0.1, help="night: alerts per second while latency is measured.")] = 50.0,
    latency_s: Annotated[float, typer.Option(min=1, help="night: seconds during which latency is measured.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Of the amplifier.")] = 0,
    timeout_s: Annotated[float, typer.Option(min=1, help="Longest time for each part.")] = 1800.0,
    filters: Annotated[
        int, typer.Option(min=0, help="distribute: run it again with this many filters, beside one with 20.")
    ] = 0,
    positions: Annotated[int, typer.Option(min=1000, help="crossmatch: made positions.")] = 1_000_000,
    catalog: Annotated[int, typer.Option(min=1000, help="crossmatch: sources of a made catalogue.")] = 10_000_000,
    rounds: Annotated[int, typer.Option(min=10, help="commits: entries that two processes ask for at once.")] = 4000,
    log: Annotated[int, typer.Option(min=1000, help="history: commits of a table.")] = 100_000,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures as JSON.")] = None,
) -> None:
    """Measure rates, latency and memory, in a home and on ports of its own; nothing of it stays.

    Exits with 1 when the crossmatch does not agree with astropy, our log store loses a commit, or an alert costs more
    the longer the history is.
    """
    settings, alerts = load_settings(), alerts or ALERTS.get(what, FEW)
    without_streams = {
        Benchmark.COMMITS: partial(_commits, settings, rounds, json_file),
        Benchmark.HISTORY: partial(_history, settings, survey, path, alerts, log, json_file),
        Benchmark.CROSSMATCH: partial(_crossmatch, settings, positions, catalog, seed, json_file),
    }
    if what in without_streams:
        without_streams[what]()
        return
    chosen = get_survey(survey)
    packets, how = resolve_path(path, settings, chosen), {"rate": rate, "latency_s": latency_s, "timeout_s": timeout_s}
    request = BenchRequest(what, chosen, settings, packets, alerts, seed=seed, filters=filters, **how)
    # Ended by SIGTERM, Python would leave Kafka and the drivers behind; as an exit it stops them.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_ENDED))
    if what is Benchmark.SCIENCE:
        _bench_science(request, json_file)
    else:
        _bench_streams(request, json_file)


def _bench_streams(request: BenchRequest, json_file: Path | None) -> None:
    """Measure a stage or the night and print the figures."""
    report = run_bench(request, say)
    if json_file is not None:
        json_file.write_text(report.as_json() + "\n")
    _show(report)


def _bench_science(request: BenchRequest, json_file: Path | None) -> None:
    """Measure the science modules and print the figures."""
    from fink_lib.bench.science import run_science_bench

    report = run_science_bench(request, say)
    if json_file is not None:
        json_file.write_text(report.as_json() + "\n")
    columns = ("alerts/s", "cpu ms", "share")
    table = Table(
        Column("module", no_wrap=True),
        *(*columns, *(f"young {name}" for name in columns)),
        title=f"{report.alerts} packets of each kind, derived from {report.derived_from}",
    )
    keys = {"alerts_per_s": ".0f", "cpu_ms_per_alert": ".3f", "with_result": ".3f"}
    for name, cost in report.whole.modules.items():
        both = (cost, report.young.modules[name])
        table.add_row(name, *(format(each[key], how) for each in both for key, how in keys.items()))
    loads = (report.whole, report.young)
    rows = {
        "all in the stream": [f"{load.alerts_per_s:.0f}" for load in loads],
        "plain decode": [f"{load.decode_rate:.0f}" for load in loads],
        "ratio": [f"{load.ratio:.3f}" for load in loads],
    }
    for name, (whole, young) in rows.items():
        table.add_row(name, whole, "", "", young)
    Console().print(table)


def _crossmatch(settings: Settings, positions: int, catalog: int, seed: int, json_file: Path | None) -> None:
    from fink_lib.bench.crossmatch import run_crossmatch

    report = run_crossmatch(settings, positions, catalog, seed, say)
    if json_file is not None:
        json_file.write_text(report.as_json() + "\n")
    say(report.as_json())
    if not report.agrees:
        say(f"{report.disagreeing} of {report.checked} positions have another source than astropy finds")
        raise typer.Exit(1)


def _commits(settings: Settings, rounds: int, json_file: Path | None) -> None:
    from fink_lib.bench.commits import run_commits

    report = run_commits(settings, rounds, say)
    if json_file is not None:
        json_file.write_text(report.as_json() + "\n")
    say(report.as_json())
    if report.lost:
        say(f"{report.lost} commits were lost by the log store that shall lose none")
        raise typer.Exit(1)


def _history(settings: Settings, survey: str, path: str, alerts: int, commits: int, json_file: Path | None) -> None:
    from fink_lib.bench.history import run_history
    from fink_lib.bench.run import real_packets

    chosen = get_survey(survey)
    packet = real_packets(resolve_path(path, settings, chosen), chosen)[0]
    report = run_history(settings, chosen, packet, alerts, commits, say=say)
    if json_file is not None:
        json_file.write_text(report.as_json() + "\n")
    names = ("files", "entries", "folders", "bytes", "cpu_ms")
    table = Table("for 1,000 alerts", *names, title=f"{alerts} alerts a night, logs of {commits} commits")
    for lake, counts in report.per_alert.items():
        table.add_row(lake, *(f"{1000 * getattr(counts, name):,.1f}" for name in names))
    for what, ratio in {"most over least": report.ratio, "the same of the books": report.books_ratio}.items():
        table.add_row(what, *(f"{ratio[name]:.3f}" if name in ratio else "" for name in names))
    Console().print(table)
    say(f"containers whose headers differ: {report.stamped}")
    if not report.holds:
        say("an alert costs more the longer the history is")
        raise typer.Exit(1)


def _show(report: Report) -> None:
    """Print the figures."""
    table = Table("figure", "value", title=f"{report.what}: {report.alerts} packets derived from {report.derived_from}")
    table.add_row("steady rate, alerts/s", f"{report.rate_steady:.0f}")
    table.add_row("total rate, alerts/s", f"{report.rate_total:.0f}")
    table.add_row("plain decode rate, alerts/s", f"{report.decode_rate:.0f}")
    table.add_row("ratio", f"{report.ratio:.2f}")
    for name, seconds in report.latency_s.items():
        table.add_row(f"latency {name} ({report.latency_of}), s", f"{seconds:.2f}")
    for name, size in report.bytes_per_message.get("ways", {}).items():
        table.add_row(f"bytes a message on disk, {name}", f"{size:,.0f}")
    if report.filters:
        table.add_row("rates by number of filters, alerts/s", str(report.filters["rates"]))
        table.add_row("rate with many over rate with few filters", f"{report.filters['ratio']:.2f}")
        table.add_row("the same of processor time", f"{report.filters['cpu_ratio']:.2f}")
    for name, peak in report.peak_rss_mb.items():
        table.add_row(f"peak memory of {name}, MB", f"{peak:.0f}")
    Console().print(table)
