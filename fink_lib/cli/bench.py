"""`fink bench`: measure the real drivers on amplified real packets."""

import signal
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fink_lib.bench import Benchmark, BenchRequest, Report, run_bench
from fink_lib.cli.common import load_settings, note, say
from fink_lib.cli.tables import Column, write_rows
from fink_lib.config import Settings
from fink_lib.simulator import ensure_schemas, resolve_path
from fink_lib.surveys import get_survey

_ENDED = 128 + signal.SIGTERM
FEW, ALERTS = 8000, {Benchmark.BURST: 10_000, Benchmark.HISTORY: 100_000, Benchmark.API: 1_000_000}


def bench(
    what: Annotated[
        Benchmark,
        typer.Argument(help="A stage, night or burst (all), science, crossmatch, commits, closing, history, api."),
    ],
    *,
    alerts: Annotated[
        int | None, typer.Option(min=1, help="Of 8000; burst 10000; history 100000 of a night; api 1000000 of a lake.")
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
    at: Annotated[str, typer.Option(help="commits: race there, s3://bucket/path, instead of on this disk.")] = "",
    log: Annotated[int, typer.Option(min=1000, help="history: commits of a table.")] = 100_000,
    keep: Annotated[Path | None, typer.Option(help="api: keep the lake in this home, and take it from there.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures as JSON.")] = None,
) -> None:
    """Measure rates, latency and memory, in a home and on ports of its own; nothing of it stays.

    Exits with 1 when the crossmatch does not agree with scipy and astropy, our log store loses a commit, or an alert
    costs more the longer the history is.
    """
    settings, alerts = load_settings(any_lake=True), alerts or ALERTS.get(what, FEW)
    without_streams = {
        Benchmark.COMMITS: partial(_commits, settings, rounds, at, json_file),
        Benchmark.CLOSING: partial(_closing, settings, survey, path, alerts, json_file),
        Benchmark.HISTORY: partial(_history, settings, survey, path, alerts, log, json_file),
        Benchmark.API: partial(_api, survey, alerts, seed, keep, json_file),
        Benchmark.CROSSMATCH: partial(_crossmatch, positions, catalog, seed, json_file),
    }
    if what in without_streams:
        without_streams[what]()
        return
    chosen = get_survey(survey)
    ensure_schemas(settings, chosen, note)
    packets, how = resolve_path(path, settings, chosen), {"rate": rate, "latency_s": latency_s, "timeout_s": timeout_s}
    request = BenchRequest(what, chosen, settings, packets, alerts, seed=seed, filters=filters, **how)
    # Ended by SIGTERM, Python would leave Kafka and the drivers behind; as an exit it stops them.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_ENDED))
    (_bench_science if what is Benchmark.SCIENCE else _bench_streams)(request, json_file)


def _bench_streams(request: BenchRequest, json_file: Path | None) -> None:
    """Measure a stage or the night and print the figures."""
    report = run_bench(request, note)
    if json_file is not None:
        json_file.write_text(report.as_json() + "\n")
    _show(report)


def _bench_science(request: BenchRequest, json_file: Path | None) -> None:
    """Measure the science modules and print the figures."""
    from fink_lib.bench.science import run_science_bench

    report = run_science_bench(request, note)
    if json_file is not None:
        json_file.write_text(report.as_json() + "\n")
    columns = ("alerts/s", "cpu ms", "share")
    names = (*columns, *(f"young {name}" for name in columns))
    keys = {"alerts_per_s": ".0f", "cpu_ms_per_alert": ".3f", "with_result": ".3f"}
    rows = []
    for module, cost in report.whole.modules.items():
        both = (cost, report.young.modules[module])
        figures = [format(each[key], how) for each in both for key, how in keys.items()]
        rows.append({"module": module, **dict(zip(names, figures, strict=True))})
    for key, name, how in (
        ("alerts_per_s", "all in the stream", ".0f"), ("decode_rate", "plain decode", ".0f"), ("ratio", "ratio", ".3f")
    ):  # fmt: skip
        whole, young = (format(getattr(load, key), how) for load in (report.whole, report.young))
        rows.append({"module": name, names[0]: whole, names[3]: young})
    note(f"{report.alerts} packets of each kind, derived from {report.derived_from}")
    write_rows([Column("module", is_id=True), *map(Column, names)], rows)


def _api(survey: str, alerts: int, seed: int, keep: Path | None, json_file: Path | None) -> None:
    from fink_lib.bench.api import run_api

    report = run_api(get_survey(survey), alerts, seed, note, keep)
    if json_file is not None:
        json_file.write_text(report.as_json() + "\n")
    note(f"{report.alerts} alerts of {report.objects} objects, {report.runs} runs, {report.mb} MB; times in ms; "
         f"{report.requests_per_s} light curves/s over HTTP; Fink publishes {report.published_by_fink_ms} ms for one, "
         "of other machines and sizes")  # fmt: skip
    ways = {"in process": report.in_process, "HTTP, 8 clients": report.over_http, "DuckDB alone": report.duckdb}
    ways["HTTP, 1 client"] = {f"page: {name}": times for name, times in report.pages.items()}
    names = dict.fromkeys(name for times in ways.values() for name in times)
    columns = {
        f"{way} {of}": (times, of)
        for way, times in ways.items()
        for of in ("p50", "p95", "cpu")
        if any(of in one for one in times.values())
    }
    rows = [
        {"question": name, **{column: times.get(name, {}).get(of, "") for column, (times, of) in columns.items()}}
        for name in names
    ]
    write_rows([Column("question", is_id=True), *map(Column, columns)], rows)


def _crossmatch(positions: int, catalog: int, seed: int, json_file: Path | None) -> None:
    from fink_lib.bench.crossmatch import run_crossmatch

    report = run_crossmatch(positions, catalog, seed, note)
    if json_file is not None:
        json_file.write_text(report.as_json() + "\n")
    say(report.as_json())
    if not report.agrees:
        told = ", ".join(f"{count} than {way} finds" for way, count in report.disagreeing.items())
        say(f"of {report.positions} positions so many have another source: {told}")
        raise typer.Exit(1)


def _closing(settings: Settings, survey: str, path: str, alerts: int, json_file: Path | None) -> None:
    from fink_lib.bench.closing import run_closing
    from fink_lib.bench.run import real_packets

    chosen = get_survey(survey)
    message = real_packets(resolve_path(path, settings, chosen), chosen)[0]
    report = run_closing(settings, chosen, message, alerts, note)
    if json_file is not None:
        json_file.write_text(report.as_json() + "\n")
    say(report.as_json())


def _commits(settings: Settings, rounds: int, at: str, json_file: Path | None) -> None:
    from fink_lib.bench.commits import run_commits
    from fink_lib.bench.object_commits import run_object_commits

    report = run_object_commits(settings, at, rounds, note) if at else run_commits(settings, rounds, note)
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
    report = run_history(settings, chosen, packet, alerts, commits, say=note)
    if json_file is not None:
        json_file.write_text(report.as_json() + "\n")
    names = ("files", "entries", "folders", "bytes", "cpu_ms")
    rows = [
        {"for 1,000 alerts": lake, **{name: f"{1000 * getattr(counts, name):,.1f}" for name in names}}
        for lake, counts in report.per_alert.items()
    ]
    for told, ratio in {"most over least": report.ratio, "the same of the books": report.books_ratio}.items():
        rows.append({"for 1,000 alerts": told, **{name: f"{ratio[name]:.3f}" for name in names if name in ratio}})
    note(f"{alerts} alerts a night, logs of {commits} commits")
    write_rows([Column("for 1,000 alerts", is_id=True), *map(Column, names)], rows)
    say(f"containers whose headers differ: {report.stamped}")
    if not report.holds:
        say("an alert costs more the longer the history is")
        raise typer.Exit(1)


def _show(report: Report) -> None:
    """Print the figures."""
    rows: dict[str, str] = {}
    rows["steady rate, alerts/s"] = f"{report.rate_steady:.0f}"
    rows["total rate, alerts/s"] = f"{report.rate_total:.0f}"
    rows["plain decode rate, alerts/s"] = f"{report.decode_rate:.0f}"
    rows["ratio"] = f"{report.ratio:.2f}"
    for name, seconds in report.latency_s.items():
        rows[f"latency {name} ({report.latency_of}), s"] = f"{seconds:.2f}"
    for name, seconds in report.small_batch_s.items():
        rows[f"a batch of a few alerts in {name}, s"] = f"{seconds:.2f}"
    if report.burst_s is not None:
        rows["burst, first arrival to last message, s"] = f"{report.burst_s:.1f}"
    for name, size in report.bytes_per_message.get("ways", {}).items():
        rows[f"bytes a message on disk, {name}"] = f"{size:,.0f}"
    if report.filters:
        rows["rates by number of filters, alerts/s"] = str(report.filters["rates"])
        rows["rate with many over rate with few filters"] = f"{report.filters['ratio']:.2f}"
        rows["the same of processor time"] = f"{report.filters['cpu_ratio']:.2f}"
    for name, peak in report.peak_rss_mb.items():
        rows[f"peak memory of {name}, MB"] = f"{peak:.0f}"
    for name, peak in report.peak_own_mb.items():
        rows[f"shared pages once, {name}, MB"] = f"{peak:.0f}"
    note(f"{report.what}: {report.alerts} packets derived from {report.derived_from}")
    figures = [{"figure": figure, "value": value} for figure, value in rows.items()]
    write_rows([Column("figure"), Column("value", is_id=True)], figures)
