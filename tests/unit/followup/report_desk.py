"""A home with services that take reports, an object to report, and a clock that a test turns."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from fink_lib.community.draft import Draft
from fink_lib.community.ids import uuid7
from fink_lib.community.log import Log
from fink_lib.community.people import Person
from fink_lib.community.saying import say
from fink_lib.config import Settings
from fink_lib.followup.book import Request, requests
from fink_lib.followup.facilities import read_facilities
from fink_lib.followup.reports.discovery import Discovery, Measured, discovery
from fink_lib.followup.reports.wished import ReportWish, ask_report
from fink_lib.followup.run import Desk, Runner, decide
from fink_lib.followup.states import State

ANNA = Person("anna", frozenset({"sn"}), frozenset({"sn"}))
BEN = Person("ben", frozenset({"sn"}))
OBJECT = "ZTF26aaaaaaa"
DAY = dt.datetime(2026, 1, 20, 3, 4, 5, tzinfo=dt.UTC)
TNS = {"service": "tns", "provider": "tns", "reporter": "A. Observer", "token": "a-key", "bot_id": 48,
       "bot_name": "a_bot", "group_id": "103", "live": True}  # fmt: skip


def found() -> Discovery:
    points = [
        Measured(DAY, "r", 18.5, 0.1, 20.1, 120.0, -30.0),
        Measured(DAY + dt.timedelta(days=1), "g", 18.0, 0.05, 20.5, 120.0, -30.0),
        Measured(DAY - dt.timedelta(days=3), "r", limit_mag=20.3),
    ]
    return discovery("ztf", OBJECT, points)


def told_as_before(log: Log, object_id: str = OBJECT) -> str:
    """Have a report in the log as they were told of before they had steps; return the name of its statement."""
    note = Draft.of({"kind": "tag", "survey": "ztf", "object_id": object_id, "label": "x"})
    (row,) = say(log, ANNA, [note])
    body = json.dumps({"service": "tns", "state": "accepted", "payload": {"x": 1}, "answer": ""})

    def made(_state: object, at: dt.datetime) -> list[dict[str, Any]]:
        told = {"statement_id": uuid7(int(at.timestamp() * 1_000_000)), "kind": "publication", "body": body}
        return [{**row, "at": at, "month": at.date().replace(day=1), "label": None, "content": None, **told}]

    return str(log.append(made)[0]["statement_id"])


class ReportDesk:
    """A home."""

    def __init__(self, home: Path, *services: dict[str, Any]) -> None:
        lines = []
        for one in services:
            lines += ["[[service]]", *(f"{name} = {json.dumps(value)}" for name, value in one.items())]
        (home / "facilities.toml").write_text("\n".join(lines) + "\n")
        self.settings = Settings(home=home, facilities=home / "facilities.toml")
        self.log = Log(self.settings.lake)
        self.facilities = read_facilities(self.settings)
        self.now = dt.datetime.now(dt.UTC)
        self.waited: list[float] = []

    def ask(self, service: str, what: str, who: Person = ANNA, **told: Any) -> Request:
        wish = {"survey": "ztf", "object_id": OBJECT, "service": service, "what": what, "live": True,
                "visibility": "group:sn", **told}  # fmt: skip
        return ask_report(self.log, who, self.facilities.service(service), ReportWish.of(wish), found())

    def run(self, grace_s: float = 0.0) -> Request:
        lock = self.settings.home / "followup.lock"
        Runner(self.log, self.facilities, lock, lambda: self.now, self.waited.append, grace_s).run()
        return requests(self.log)[-1]

    def approved(self, service: str, what: str, **told: Any) -> Request:
        self.ask(service, what, **told)
        checked = self.run()
        assert checked.state is State.CHECKED, checked.reason
        return decide(Desk(self.log, self.facilities), ANNA, checked, State.APPROVED, "read it")

    def said(self, **told: Any) -> str:
        """Say something about the object, in public; return the name of the statement."""
        about = {"survey": "ztf", "object_id": OBJECT}
        return str(say(self.log, ANNA, [Draft.of({**about, **told})])[0]["statement_id"])
