"""What a person does in the Airflow UI, in a real browser: log in, fill in a form, answer a question."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote, unquote

from playwright.sync_api import Locator, Page, expect

from fink_lib.host.airflow import Login
from tests.browser import browser_page

PATIENCE_MS = 120_000  # a page of Airflow on a host that computes nights


class AirflowPages:
    """The pages of one Airflow, seen by somebody who is logged in."""

    def __init__(self, page: Page, login: Login) -> None:
        self.page, self.url = page, login.url
        page.set_default_timeout(PATIENCE_MS)
        self.open("/")
        page.fill("input[name=username]", login.user)
        page.fill("input[name=password]", login.password)
        page.keyboard.press("Enter")
        page.get_by_text("Dag Runs").first.wait_for()

    def open(self, path: str) -> None:
        self.page.goto(self.url + path, wait_until="commit", timeout=PATIENCE_MS)

    def trigger(
        self, dag_id: str, texts: Mapping[str, str], objects: Mapping[str, object] | None = None, off: str | None = None
    ) -> str:
        """Fill in the form of a DAG, switch something off, and send it; return the run that the UI then shows."""
        self.open(f"/dags/{dag_id}")
        self.page.get_by_test_id("trigger-dag-button").click()
        form = self.page.locator("[role=dialog][data-scope=dialog]")
        for name, text in texts.items():
            form.locator(f"#element_{name}").fill(text)
        for title, value in (objects or {}).items():
            self._write_json(form, title, json.dumps(value))
        if off is not None:
            switch = form.locator(f"input[name=element_{off}]")
            if switch.is_checked():
                switch.locator("xpath=..").click()
            assert not switch.is_checked()
        form.get_by_test_id("trigger-dag-submit").click()
        self.page.wait_for_url(re.compile(r"/runs/"))
        return unquote(self.page.url.split("/runs/")[1].split("?")[0])

    def _write_json(self, form: Locator, title: str, text: str) -> None:
        """Write into the editor beside a title; the editor closes brackets itself, which leaves too many behind."""
        field = form.locator("[data-scope=field][data-part=root]", has_text=title).filter(
            has=self.page.locator(".monaco-editor")
        )
        field.locator(".monaco-editor").first.click()
        for keys in ("Control+A", "Delete"):
            self.page.keyboard.press(keys)
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Control+Shift+End")
        self.page.keyboard.press("Delete")

    def error_of(self, dag_id: str, run_id: str, task_id: str, words: str | re.Pattern[str]) -> str:
        """Open the page of a task and return the line of its log that holds these words.

        A pattern finds what holds all that it matches: the page shows a long line in parts.
        """
        self.open(f"/dags/{dag_id}/runs/{quote(run_id)}/tasks/{task_id}")
        line = self.page.get_by_test_id("virtualized-list").get_by_text(words).last
        line.wait_for()
        return line.inner_text()

    def question(self, subject: str) -> str:
        """Open the page of required actions, then the one with this subject; return what is asked."""
        self.open("/required_actions")
        self.page.get_by_role("link", name=subject).first.click()
        self.page.get_by_test_id("hitl-option-Approve").wait_for()
        return self.page.locator("body").inner_text()

    def answer(self, option: str, why: str) -> None:
        """Answer the question that is open."""
        self.page.locator("#element_why").fill(why)
        button = self.page.get_by_test_id(f"hitl-option-{option}")
        button.click()
        expect(button).to_be_disabled(timeout=PATIENCE_MS)  # the answer is kept, and cannot be given again


@contextmanager
def airflow_pages(login: Login) -> Iterator[AirflowPages]:
    """Start a browser and log in."""
    with browser_page(1500, 1900) as page:
        yield AirflowPages(page, login)
