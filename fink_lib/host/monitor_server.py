"""The process of the monitor: ``python -m fink_lib.host.monitor_server PORT``, with the environment's settings."""

import json
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from prometheus_client import CollectorRegistry, start_http_server

from fink_lib.config import Settings
from fink_lib.files import replace_text
from fink_lib.host.health import RUNNING, state_of
from fink_lib.host.ports import LOOPBACK
from fink_lib.host.services import MONITOR, Services
from fink_lib.monitoring.alarms import Alarm, Alarms, read_alarms, write_alarms
from fink_lib.monitoring.look import Monitor
from fink_lib.monitoring.tell import Telling
from fink_lib.streams.targets import targets_dir

logger = logging.getLogger(__name__)

LOOK_S = 15.0


def services_up(settings: Settings) -> dict[str, bool]:
    """Tell of each service that was started and not stopped whether it runs and answers."""
    known = Services(settings.home).read()
    return {name: state_of(name, one) == RUNNING for name, one in known.items() if name != MONITOR}


def watch(settings: Settings, monitor: Monitor, ended: Callable[[float], bool]) -> None:
    """Look, judge and leave word until the end.

    Parameters
    ----------
    settings
        Of the home; alarms that fired when a monitor last looked are not new.
    monitor
        Looks and gives metrics.
    ended
        Waits so many seconds for the end, and tells whether it came.
    """
    before: list[Alarm] = read_alarms(settings)[1]
    alarms = Alarms(known=before)
    with ThreadPoolExecutor(1) as pool:
        telling = Telling(settings, pool)
        while True:
            facts = monitor.look()
            firing = alarms.judge(monitor.collect(), facts.at)
            try:
                write_alarms(settings, firing, facts.at)
            except OSError as error:  # a full disk, which is when somebody has to be told
                logger.error("alarms cannot be left for commands and pages: %s", error)  # noqa: TRY400 - a sentence
            telling.go_on(_log_changes(before, firing), firing)
            before = firing
            if ended(LOOK_S):
                return


def _log_changes(before: Sequence[Alarm], firing: Sequence[Alarm]) -> list[Alarm]:
    """Log what fires now and did not before, and what is over; return the former."""
    known, now = ({(one.name, one.labels): one for one in alarms} for alarms in (before, firing))
    new = [one for key, one in now.items() if key not in known]
    for one in new:
        logger.warning("alarm=%s severity=%s: %s (%s)", one.name, one.severity, one.sentence, one.page)
    for key in known.keys() - now.keys():
        logger.info("alarm=%s labels=%s: is over", key[0], dict(key[1]))
    return new


def serve(settings: Settings, port: int) -> None:
    """Answer Prometheus until SIGTERM.

    Parameters
    ----------
    settings
        Of the home.
    port
        Where to listen, on the loopback interface.
    """
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    signal.signal(signal.SIGINT, lambda *_: end.set())
    monitor = Monitor(settings, lambda: services_up(settings))
    registry = CollectorRegistry()
    registry.register(monitor)
    server, thread = start_http_server(port, addr=LOOPBACK, registry=registry)
    target = [{"targets": [f"{LOOPBACK}:{port}"], "labels": {"job": "fink-monitor"}}]
    replace_text(targets_dir(settings) / "monitor.json", json.dumps(target))
    watch(settings, monitor, end.wait)
    server.shutdown()
    server.server_close()
    thread.join()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.Formatter.converter = time.gmtime
    serve(Settings(), int(sys.argv[1]))
