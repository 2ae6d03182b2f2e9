"""A person before a broker that runs: a program with a token, and a browser that is logged in."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import Page

from tests.browser import browser_page

PATIENCE_S = 600.0
PATIENCE_MS = 120_000  # a page of a broker on a host that does much beside
ENDED = {"done", "failed", "cancelled"}


@dataclass
class Program:
    """A program that asks the API for somebody."""

    url: str
    token: str

    def call(self, method: str, path: str, status: int = 200, **body: Any) -> Any:
        """Ask below ``/api/v1``; return JSON where the answer is that, else its bytes."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = httpx.request(method, f"{self.url}/api/v1{path}", headers=sent, json=body or None, timeout=150.0)
        assert answer.status_code == status, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer.content

    def submit(self, code: str, language: str = "sql", **more: Any) -> str:
        """Ask for a job; return its name."""
        name: str = self.call("POST", "/jobs", 201, language=language, code=code, surveys=["ztf"], **more)["name"]
        return name

    def awaited(self, name: str, until: Callable[[str], bool] = ENDED.__contains__) -> dict[str, Any]:
        """Wait for a state of a job, its end when none is told; return the job."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            job: dict[str, Any] = self.call("GET", f"/jobs/{name}")
            if until(job["state"]):
                return job
            assert time.monotonic() < deadline, f"job {name} is {job['state']} after {PATIENCE_S:.0f} s"
            time.sleep(1.0)


@contextmanager
def logged_in(link: str) -> Iterator[Page]:
    """Open a browser and log in by a link, as a person does."""
    with browser_page(1280, 1600) as page:
        page.set_default_timeout(PATIENCE_MS)
        page.goto(link)
        page.get_by_role("button", name="Log in", exact=True).click()
        page.wait_for_url("**/account")
        yield page
