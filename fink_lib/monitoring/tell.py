"""Alarms go to whoever subscribed to them, by the outbox: each once, however often it is judged."""

import datetime as dt
import logging
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import asdict

from deltalake.exceptions import DeltaError

from fink_lib.config import Settings
from fink_lib.errors import FinkError
from fink_lib.monitoring.alarms import Alarm
from fink_lib.monitoring.rules import RULES
from fink_lib.notices.notice import Notice
from fink_lib.notices.outbox import queue
from fink_lib.notices.run import deliver_waiting
from fink_lib.notices.subscriptions import ALARM, read_subscriptions

logger = logging.getLogger(__name__)


def notice_of_alarm(alarm: Alarm, survey: str) -> Notice:
    """Return what is told of an alarm; of one that is over and fires again, another.

    Parameters
    ----------
    alarm
        It fires; when it began is part of the notice's key.
    survey
        Under whose name it is told where the alarm's labels name neither survey nor stream.
    """
    rule = next((one for one in RULES if one.name == alarm.name), None)
    labels = dict(alarm.labels)
    since = dt.datetime.fromtimestamp(alarm.since, dt.UTC)
    key = ".".join(("alarm", alarm.name, *labels.values(), f"{alarm.since:.0f}"))
    lines = [f"since {since:%Y-%m-%d %H:%M:%S} UTC", *((rule.means, rule.do) if rule else ()), alarm.page]
    about = labels.get("survey") or labels.get("stream", "").partition(".")[0] or survey
    facts = {**asdict(alarm), "labels": labels}
    return Notice(key, about, since.date().isoformat(), f"{alarm.severity}: {alarm.sentence}", "\n".join(lines), facts)


class Telling:
    """Tells of alarms beside the looks; those that nobody could be told of are tried again, as long as they fire.

    Parameters
    ----------
    settings
        Whose alarms.
    pool
        One thread: a mail server that hangs holds up no look.
    """

    def __init__(self, settings: Settings, pool: Executor) -> None:
        self._settings, self._pool = settings, pool
        self._waiting: list[Alarm] = []
        self._given: list[Alarm] = []
        self._at_work: Future[int | None] | None = None

    def go_on(self, new: Sequence[Alarm], firing: Sequence[Alarm]) -> None:
        """Take new alarms, and begin with what waits unless somebody is being told already.

        Parameters
        ----------
        new
            Alarms that did not fire at the look before.
        firing
            All that fire now; those that could not be told of and fire no more are dropped.
        """
        self._waiting += new
        if self._at_work is not None:
            if not self._at_work.done():
                return
            failure = self._at_work.exception()
            if failure is not None:
                logger.error("nobody is told of %d alarms: %r", len(self._given), failure)
            if failure is not None or self._at_work.result() is None:
                self._waiting = [*(one for one in self._given if one in firing), *self._waiting]
            self._at_work = None
        if self._waiting:
            self._given, self._waiting = self._waiting, []
            self._at_work = self._pool.submit(tell, self._settings, self._given)


def tell(settings: Settings, alarms: Sequence[Alarm]) -> int | None:
    """Tell of alarms at once; return how many notices are new, None where that failed: it is logged.

    Parameters
    ----------
    settings
        Tell who subscribed, and where the outbox is.
    alarms
        Each is told to everybody who subscribed to alarms, of whichever survey.
    """
    try:
        mine = [one for one in read_subscriptions(settings.notices) if one.event == ALARM]
        new = sum(queue(settings.lake, one, notice_of_alarm(alarm, one.survey)) for alarm in alarms for one in mine)
        if mine:
            deliver_waiting(settings, mine)
    except (FinkError, DeltaError, OSError) as error:
        logger.error("nobody is told of %d alarms: %s", len(alarms), error)  # noqa: TRY400  # a sentence
        return None
    return new
