"""The page *Broker* in Airflow's own UI: streams, alarms, the last nights' equations, what waits for a person."""

import datetime as dt
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, Template
from markupsafe import Markup, escape

from fink_lib.config import Settings
from fink_lib.monitoring.alarms import Alarm, read_alarms
from fink_lib.monitoring.prometheus import expression
from fink_lib.monitoring.rules import RULES
from fink_lib.monitoring.surveys import SurveyFacts, survey_facts, survey_streams
from fink_lib.streams.rows import Seen, StreamRow, stream_rows
from fink_lib.surveys import running_surveys

CODE = re.compile(r"`([^`]+)`")
NIGHTS_SHOWN = 10
LOSSES_SHOWN = 20
OLD_S = 60.0  # the monitor looks every 15 s
BAD = frozenset({str(Seen.BROKEN), str(Seen.DEAD), str(Seen.SILENT), "failed"})


@dataclass(frozen=True)
class BrokerFacts:
    """What the page shows.

    Attributes
    ----------
    at, looked_at
        Unix time of the page, and of the monitor's last look; 0 when it never looked.
    alarms, streams, surveys
        As they are then.
    """

    at: float
    looked_at: float
    alarms: Sequence[Alarm]
    streams: Sequence[StreamRow]
    surveys: Sequence[SurveyFacts]

    @property
    def has_monitor(self) -> bool:
        """Whether the alarms are those of now."""
        return self.at - self.looked_at < OLD_S


def broker_facts(settings: Settings, now: float) -> BrokerFacts:
    """Look at a home, without Kafka: what hangs there hangs no page.

    Parameters
    ----------
    settings
        Whose home.
    now
        Unix time.
    """
    looked_at, alarms = read_alarms(settings)
    return BrokerFacts(
        at=now,
        looked_at=looked_at,
        alarms=alarms,
        streams=stream_rows(settings, survey_streams(settings), now),
        surveys=[survey_facts(settings, one.name, now) for one in running_surveys(settings)],
    )


def broker_page(settings: Settings) -> str:
    """Return the page, HTML."""
    return _template("broker.html.j2").render(
        facts=broker_facts(settings, time.time()),
        bad=BAD,
        nights=_nights,
        losses_shown=LOSSES_SHOWN,
        utc=lambda at: dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d %H:%M:%S"),
        ago=_ago,
    )


def _nights(one: SurveyFacts) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the last nights of a survey and their manifests, the newest first."""
    return list(one.closed.items())[::-1][:NIGHTS_SHOWN]


def _ago(seconds: float) -> str:
    """Return a span as people say it."""
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def alarms_page() -> str:
    """Return every alarm, what it means and what to do, HTML."""
    return _template("alarms.html.j2").render(rules=RULES, expression=expression, marked=_marked)


def _marked(text: str) -> Markup:
    """Return the words of a rule with what they have in backticks as code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text).replace("*", ""))))  # noqa: S704 - escaped before


@cache
def _template(name: str) -> Template:
    loader = PackageLoader("fink_lib.orchestration", "templates")
    return Environment(loader=loader, autoescape=True).get_template(name)
