"""A home whose monitor is asked to look at chosen times."""

import time

from fink_lib.config import PROJECT_DIR, Settings
from fink_lib.host.monitor_server import services_up
from fink_lib.monitoring.alarms import Alarm, Alarms
from fink_lib.monitoring.look import Monitor

STUB_PROJECT = PROJECT_DIR / "tests" / "integration" / "airflow" / "stub_project"


class Watched:
    """A monitor and its alarms.

    Parameters
    ----------
    settings
        Of the home.
    has_kafka
        Whether Kafka is asked.
    """

    def __init__(self, settings: Settings, *, has_kafka: bool = False) -> None:
        self.settings, self.now = settings, time.time()
        self.monitor = Monitor(settings, lambda: services_up(settings), lambda: self.now)
        if not has_kafka:
            self.monitor._parts = {name: part for name, part in self.monitor._parts.items() if name != "kafka"}
        self.alarms = Alarms()

    def after(self, seconds: float = 0.0) -> dict[str, Alarm]:
        """Look now, and again after some time; return what fires then, by name."""
        self.alarms.judge(self.monitor.collect() if self.monitor.look() else (), self.now)
        self.now += seconds
        self.monitor.look()
        return {one.name: one for one in self.alarms.judge(self.monitor.collect(), self.now)}

    def holding(self, seconds: float = 3600.0) -> set[str]:
        """Look once; return the names of what fires once it has been so for some time."""
        self.monitor.look()
        self.alarms.judge(self.monitor.collect(), self.now)
        return {one.name for one in self.alarms.judge(self.monitor.collect(), self.now + seconds)}
