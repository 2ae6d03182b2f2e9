"""People before the portal, each with a browser."""

import re
import time

from starlette.testclient import TestClient

from fink_lib.accounts import sessions
from fink_lib.accounts.store import Store
from fink_lib.accounts.web import COOKIE
from fink_lib.portal.works import desk
from tests.unit.portal.conftest import Portal

WRITTEN = {"survey": "ztf", "description": "Bright <b>ones</b>.", "predicate": "candidate.magpsf < 18 AND roid = 0"}
FORM = re.compile(r'name="form_proof" value="([^"]*)"')
ENDS_S = 120.0  # a command that is refused by its own words starts no JVM


class Someone:
    """A browser of one person, or of a stranger."""

    def __init__(self, portal: Portal, name: str) -> None:
        self.settings, self.name = portal.settings, name
        self.http = TestClient(portal.http.app)
        if name:
            self.http.cookies.set(COOKIE, sessions.begin(Store(portal.settings.home), name))

    def get(self, path: str, status: int = 200) -> str:
        answer = self.http.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def post(self, path: str, status: int = 200, back: str = "/transfers", **said: str) -> str:
        proof = FORM.search(self.http.get(back).text)
        answer = self.http.post(path, data={"form_proof": proof.group(1) if proof else "", **said})
        assert answer.status_code == status, answer.text
        return answer.text

    def ended(self) -> desk.Standing:
        """Wait until the newest work of this person has ended."""
        until = time.monotonic() + ENDS_S
        while time.monotonic() < until:
            found = next(one for one in desk.everything(self.settings) if one.work.person == self.name)
            if found.state is not desk.State.RUNNING:
                return found
            time.sleep(0.2)
        raise AssertionError("the work goes on and on")
