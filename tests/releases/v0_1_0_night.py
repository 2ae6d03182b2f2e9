"""Run by the code of v0.1.0, whose names it uses: a night is played into a broker, streamed and closed."""

import datetime as dt
import sys
from contextlib import closing

from fink_lib.spark import build_session
from fink_lib.streaming.spec import Stage, StreamSpec
from pyspark.sql import SparkSession

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.distribute.stream import plan as distribute
from fink_lib.enrich.stream import plan as enrich
from fink_lib.ingest.stream import plan as ingest
from fink_lib.nightly import manifest, reconcile
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.results import Step
from fink_lib.simulator.player import play
from fink_lib.simulator.request import PlayRequest, PlayResult
from fink_lib.surveys import get_survey

STREAMS = {Stage.INGEST: ingest, Stage.ENRICH: enrich, Stage.DISTRIBUTE: distribute}


def main(run_id: str, *folders: str) -> None:
    """Play each folder, and have it pass one stream fewer than the folder before it."""
    settings, survey = Settings(), get_survey("ztf")
    session = build_session("of-v0.1.0", settings, memory="1g")
    sent = flow(session, settings, folders[0], 3)
    (night,) = (night for night in sent.nights if isinstance(night, dt.date))
    context = NightContext(settings, survey, night, run_id)
    context.__dict__["session"] = session
    perform(context, Step.RECONCILE, reconcile.run)
    manifest.run(context)  # the night stays open: not all of its steps were run
    for folder, streams in zip(folders[1:], (2, 1, 0), strict=True):
        flow(session, settings, folder, streams)
    session.stop()
    sys.stdout.write(f"{PROJECT_DIR}\n")


def flow(session: SparkSession, settings: Settings, folder: str, streams: int) -> PlayResult:
    sent = play(PlayRequest(folder, get_survey("ztf"), settings))
    for stage, plan in list(STREAMS.items())[:streams]:
        with closing(plan(session.newSession(), StreamSpec("ztf", stage, settings), get_survey("ztf"))) as planned:
            planned.start(available_now=True).awaitTermination()
    return sent


if __name__ == "__main__":
    main(*sys.argv[1:])
