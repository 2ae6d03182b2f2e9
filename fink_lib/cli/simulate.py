"""`fink simulate`: play alert files into Kafka."""

import sys
import time
from pathlib import Path
from typing import Annotated, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from fink_lib.cli.common import HomeOption, load_settings, note
from fink_lib.host.stack import connected
from fink_lib.simulator import Fault, PlayRequest, PlayResult, ensure_schemas, play, resolve_path
from fink_lib.surveys import get_survey

_LINE_EVERY_S = 5.0
_NAMED_FAILURES = 10


class Report:
    """Says how far a play is: a bar on a terminal, a line every few seconds elsewhere."""

    def __init__(self) -> None:
        columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True)) if sys.stderr.isatty() else None
        self._task = self._bar.add_task("messages", total=None) if self._bar else None
        self._next_line_s = time.monotonic() + _LINE_EVERY_S

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show that `done` of `total` messages are acknowledged."""
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif time.monotonic() >= self._next_line_s:
            self._next_line_s = time.monotonic() + _LINE_EVERY_S
            typer.echo(f"{done} of {total} messages", err=True)


def simulate(
    path: Annotated[str, typer.Argument(help="A file, folder or archive of packets, or `sample`.")],
    *,
    survey: Annotated[str, typer.Option(help="Whose packets they are.")] = "ztf",
    home: HomeOption = None,
    rate: Annotated[float | None, typer.Option(help="Alerts per second; without it, as fast as possible.")] = None,
    exposure_s: Annotated[float | None, typer.Option(help="Seconds between exposures, each sent as a burst.")] = None,
    partitions: Annotated[int, typer.Option(help="Partitions of a topic that is not there yet.")] = 4,
    duplicates: Annotated[int, typer.Option(help="Packets to send a second time.")] = 0,
    truncated: Annotated[int, typer.Option(help="Additional messages that are cut off.")] = 0,
    corrupt: Annotated[
        int, typer.Option(help="Additional messages with a bad frame, no record or a damaged stamp, in turn.")
    ] = 0,
    out_of_order: Annotated[int, typer.Option(help="Packets that lose their turn.")] = 0,
    unknown_schema: Annotated[int, typer.Option(help="Additional messages with a schema nobody announced.")] = 0,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
    truth: Annotated[Path | None, typer.Option(help="Write what was sent, one JSON line a message.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result as JSON.")] = None,
) -> None:
    """Play alert packets into Kafka with the survey's own framing, cadence and, if wanted, faults."""
    faults = {
        Fault.DUPLICATE: duplicates,
        Fault.TRUNCATED: truncated,
        Fault.CORRUPT: corrupt,
        Fault.OUT_OF_ORDER: out_of_order,
        Fault.UNKNOWN_SCHEMA: unknown_schema,
    }
    settings, adapter = load_settings(home), get_survey(survey)
    ensure_schemas(settings, adapter, note)
    packets = resolve_path(path, settings, adapter)  # before Kafka is asked for: a wrong path is the commoner mistake
    pace = {"rate": rate, "exposure_s": exposure_s}
    request = PlayRequest(
        packets, adapter, connected(settings), **pace, partitions=partitions, faults=faults, seed=seed, truth=truth
    )
    with Report() as report:
        result = play(request, report)
    if json_file is not None:
        json_file.write_text(result.as_json() + "\n")
    _tell(result)
    if result.failed:
        raise typer.Exit(1)


def _tell(result: PlayResult) -> None:
    """Print what was sent, what was left out, and what Kafka refused."""
    speed = result.sent / result.seconds if result.seconds else 0.0
    typer.echo(f"sent {result.sent} messages in {result.seconds:.1f} s ({speed:.0f}/s)")
    for topic, count in sorted(result.topics.items()):
        typer.echo(f"  {topic}: {count}")
    for expected, count in sorted(result.expected.items()):
        typer.echo(f"  expected in {expected}: {count}")
    if result.rebuilt:
        typer.echo(f"  rebuilt from exports: {result.rebuilt}")
    for name in result.skipped:
        typer.echo(f"  skipped, no packet: {name}")
    for line in result.failed[:_NAMED_FAILURES]:
        typer.echo(f"not delivered: {line}", err=True)
    if len(result.failed) > _NAMED_FAILURES:
        typer.echo(f"not delivered: {len(result.failed) - _NAMED_FAILURES} more", err=True)
