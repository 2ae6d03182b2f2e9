"""What v0.1.0 said of streams, jobs and nights that failed or paused, asked of either release; nothing is started."""

import contextlib
import datetime as dt
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from fink_lib.config import Settings
from fink_lib.errors import NightNotDrained
from fink_lib.orchestration import triggers
from fink_lib.orchestration.child import run_child
from fink_lib.reprocess.request import request_from_json

try:
    from fink_lib.cli.night_summary import book_lines
except ModuleNotFoundError:  # v0.1.0
    from fink_lib.cli.books import book_lines

Broker = Any
DAMAGED = """An error occurred while calling o1037.save.
: org.apache.spark.SparkException: [FAILED_READ_FILE.NO_HINT] Encountered error while reading file \
file:///home/lake/gold__catalog_mine/part-00000-ab.c000.zstd.parquet.
"""


class Py4JJavaError(Exception):
    """Named as what py4j raises."""


def stream_that_fails_three_times_alike(broker: Broker, folder: Path) -> Any:
    """Tell, of a fourth driver that starts, what `fink status` shows of it, and whether a person is needed."""
    spec = broker.StreamSpec("ztf", broker.Stage.ENRICH, Settings(home=folder / f"failing-{broker.__name__}"))
    for number in range(3):
        broker.fail(broker.begin(spec, str(number)), ValueError(f"row {number}"))
    verdict = broker.judge(spec, None, broker.read_heartbeat(spec.paths.heartbeat), 0.0)
    broker.begin(spec, "4")
    with mock.patch.object(broker.LocalRunner, "find"):
        (row,) = broker.look(spec.settings).streams
    return [row.state, row.error, getattr(row, "restarts", None), getattr(verdict, "lasting", None)]


def form_with_a_cut_on_no_column(broker: Broker, _folder: Path) -> Any:
    """Return the cut that the first task of a reprocessing hands on to the others."""
    form = {"survey": "ztf", "first_night": "2021-11-22", "overrides": {"cut.rb": "candidate.rbb >= 0.65"}}
    return broker.planned_cuts(request_from_json(form))["rb"]


def pause_of_the_telescope(_broker: Broker, _folder: Path) -> Any:
    """Tell which nights are closed once a survey is drained, though the Sun has not risen on them."""
    tonight = (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)).isoformat()
    trigger = triggers.StreamTrigger(survey="ztf", stage="distribute")
    looks = {"survey_not_drained": "", "lake_state": (1,), "nights_to_close": {tonight: "3+0"}}
    with mock.patch.multiple(triggers, **{name: mock.Mock(return_value=seen) for name, seen in looks.items()}):
        event = trigger._rotation(Settings())
    return 0 if event is None else len(event["nights"])


def last_word_of_a_job(_broker: Broker, _folder: Path) -> Any:
    said = (
        "compact failed: the disk is full",
        "2026-11-22 03:04:05,678 INFO py4j.clientserver Closing down clientserver connection",
    )
    command = [sys.executable, "-c", f"import sys; sys.stderr.write({chr(10).join(said)!r})"]
    return run_child(command, {}, lambda *_words: None)[1]


def damaged_catalogue_file(broker: Broker, _folder: Path) -> Any:
    with mock.patch.object(sys, "stderr") as stderr:
        broker.tell_failure("crossmatch", Py4JJavaError(DAMAGED))
    return "".join(call.args[0] for call in stderr.write.call_args_list).strip().splitlines()[-1]


def fifty_five_nights_one_after_the_other(broker: Broker, folder: Path) -> Any:
    """Tell how many seconds, of 55 nights that take 50 s each, `fink night play` waits at its default."""
    settings, clock = Settings(home=folder / broker.__name__), [0.0]
    nights = [dt.date(2021, 11, 1) + dt.timedelta(days=day) for day in range(55)]

    def sleep(_seconds: float) -> None:
        clock[0] += 50.0
        path = settings.night_dir("ztf", nights[int(clock[0] / 50.0) - 1].isoformat()) / "manifest.json"
        path.parent.mkdir(parents=True)
        path.write_text('{"offered": 1}')

    with mock.patch.object(broker.night_watch, "time") as time:
        time.monotonic, time.sleep = lambda: clock[0], sleep
        with contextlib.suppress(NightNotDrained):
            expected = [broker.night_watch.Expected(night, 1) for night in nights]
            broker.night_watch.wait_for_close(settings, "ztf", expected, 910.0, lambda _: None)
    return clock[0]


def nobody_closes_nights(broker: Broker, folder: Path) -> Any:
    """Tell what `fink night play` says besides its counts while Airflow does not run."""
    said: list[str] = []
    expected = [broker.night_watch.Expected(dt.date(2021, 11, 22), 1)]
    with contextlib.suppress(NightNotDrained):
        broker.night_watch.wait_for_close(Settings(home=folder / "none"), "ztf", expected, 0.0, said.append)
    return said[0].partition("published 0")[2]


def night_that_quality_stopped(_broker: Broker, folder: Path) -> Any:
    facts = {"survey": "ztf", "night": "2021-11-22", "offered": 9, "quarantine": 0, "lost": [], "published": {}}
    told = {"equation_holds": True, "ok": False, "critical_failed": ["silver.ra"], "equations": []}
    night = {**facts, **told, "expectations": {"passed": 5, "failed": 1}}
    lines = list(book_lines(Settings(home=folder), {"nights": [night], "ok": False, "error": None}))
    return lines[next(at for at, line in enumerate(lines) if "manifest.json" in line) + 1 :]
