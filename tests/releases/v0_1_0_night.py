"""Run by the code of v0.1.0, whose names it uses: two nights are played into a broker, streamed and closed.

The earlier night is reprocessed with another cut, which is promoted, before it is closed; then the lake is tidied up.
"""

import datetime as dt
import sys
from collections.abc import Sequence
from contextlib import closing

from fink_lib.spark import build_session
from fink_lib.streaming.spec import Stage, StreamSpec
from pyspark.sql import SparkSession

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.stream import plan as enrich
from fink_lib.ingest.stream import plan as ingest
from fink_lib.maintenance.run import keep_house
from fink_lib.nightly import manifest, reconcile, statistics
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.results import Step
from fink_lib.reprocess import promote, steps
from fink_lib.reprocess.request import Request
from fink_lib.simulator.player import play
from fink_lib.simulator.request import PlayRequest
from fink_lib.surveys import get_survey

STREAMS = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}


def main(run_id: str, request_id: str, cut: str, *folders: str) -> None:
    """Play each folder, the first two together, and have it pass one stream fewer than the folder before it."""
    settings = Settings()
    session = build_session("of-v0.1.0", settings, memory="1g")
    earlier, night = flow(session, settings, folders[:2], 3)
    reprocess(session, settings, earlier, request_id, cut)
    close(session, settings, earlier, run_id, counted=True)
    close(session, settings, night, run_id)
    for folder, streams in zip(folders[2:], (2, 1, 0), strict=True):
        flow(session, settings, [folder], streams)
    session.stop()
    keep_house(settings, dt.datetime.now(dt.UTC))
    sys.stdout.write(f"{PROJECT_DIR}\n")


def flow(session: SparkSession, settings: Settings, folders: Sequence[str], streams: int) -> list[dt.date]:
    """Play some folders, and run so many streams; return the nights of their alerts."""
    survey = get_survey("ztf")
    sent = [play(PlayRequest(folder, survey, settings)) for folder in folders]
    for stage, plan in list(STREAMS.items())[:streams]:
        with closing(plan(session.newSession(), StreamSpec("ztf", stage, settings), survey)) as planned:
            planned.start(available_now=True).awaitTermination()
    return sorted({night for one in sent for night in one.nights if isinstance(night, dt.date)})


def reprocess(session: SparkSession, settings: Settings, night: dt.date, request_id: str, cut: str) -> None:
    """Reprocess a night with another cut on rb, and promote what comes out."""
    asked = Request("ztf", night, night, overrides={"cut.rb": cut}, dry_run=False, reason="a stricter cut")
    folder = steps.plan(settings, asked, request_id)
    steps.run(folder, session)
    steps.diff(folder)
    promote.promote(folder, promote.Person("vera", "a stricter cut", dt.datetime.now(dt.UTC)))


def close(session: SparkSession, settings: Settings, night: dt.date, run_id: str, *, counted: bool = False) -> None:
    """Do some steps of a night's closing: it stays open, since not all of them were done."""
    context = NightContext(settings, get_survey("ztf"), night, run_id)
    context.__dict__["session"] = session
    perform(context, Step.RECONCILE, reconcile.run)
    if counted:
        perform(context, Step.STATISTICS, statistics.run)
    manifest.run(context)


if __name__ == "__main__":
    main(*sys.argv[1:])
