"""Four people work together in a real browser: claim, label and vote, comment, observation; each sees what is his."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from fink_lib.accounts import groups, people, sessions
from fink_lib.accounts.store import Store
from fink_lib.accounts.web import COOKIE
from fink_lib.api.http.community import asking
from fink_lib.community.kinds import Kind
from fink_lib.community.log import Log
from fink_lib.followup.book import advance, requests
from fink_lib.followup.facilities import read_facilities
from fink_lib.followup.states import State
from fink_lib.portal import followup, pages
from tests.browser import browser_page
from tests.unit.portal.conftest import Portal

GROUPS = {"anna-b": "sn-b", "ben-b": "sn-b", "clara-b": "agn-b", "dave-b": None}
PATIENCE_MS = 60_000
MARKUP = "<img src=x onerror=document.title='gone'> & \u2604"
FACILITY = """[[facility]]
facility = "lco"
provider = "ocs"
address = "http://127.0.0.1:9"
site = "siding-spring"
"""


@pytest.fixture
def facilities(portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "facilities.toml").write_text(FACILITY)
    settings = portal.settings.model_copy(update={"facilities": tmp_path / "facilities.toml"})
    for module in (pages, followup, asking):
        monkeypatch.setattr(module, "read_facilities", lambda _settings: read_facilities(settings))


@pytest.fixture
def persons(portal: Portal, address: str) -> Iterator[dict[str, Page]]:
    """A window for each of four people: two of one group, one of another, one of none; anna acts for hers."""
    store = Store(portal.settings.home)
    for group in ("sn-b", "agn-b"):
        groups.add(store, group)
    with browser_page(1280, 1600) as first:
        browser = first.context.browser
        assert browser is not None
        found = {}
        for name, own in GROUPS.items():
            people.add(store, name)
            if own is not None:
                groups.join(store, own, name, is_admin=name == "anna-b")
            context = browser.new_context(viewport={"width": 1280, "height": 1600})
            context.add_cookies([{"name": COOKIE, "value": sessions.begin(store, name), "url": address}])
            context.set_default_timeout(PATIENCE_MS)
            found[name] = context.new_page()
        yield found


def section(page: Page, where: str) -> str:
    page.goto(where, wait_until="domcontentloaded")
    return page.inner_text("#community")


def press(page: Page, button: str) -> None:
    with page.expect_navigation(wait_until="domcontentloaded"):
        page.get_by_role("button", name=button, exact=True).first.click()


@pytest.mark.usefixtures("facilities")
def test_four_people_work_on_an_object(persons: dict[str, Page], portal: Portal, address: str, tmp_path: Path) -> None:
    anna, ben, clara = (persons[name] for name in ("anna-b", "ben-b", "clara-b"))
    name = portal.packets[5]["objectId"]
    where = f"{address}/object/ztf/{name}"

    def who_sees(words: str) -> set[str]:
        return {who for who, page in persons.items() if words in section(page, where)}

    anna.goto(where, wait_until="domcontentloaded")
    anna.fill("#intent", "a spectrum")
    anna.select_option("#claim-to", "group:sn-b")
    press(anna, "Claim")
    assert who_sees("anna-b, a spectrum") == {"anna-b", "ben-b"}

    anna.select_option("#label", "SN Ia")
    anna.fill("#probability", "0.9")
    press(anna, "Label")
    assert section(ben, where).count("human: SN Ia 0.90") == 1
    press(ben, "Agree")
    assert who_sees("2 voices") == set(persons)
    assert ben.get_by_role("button", name="Agree", exact=True).count() == 1
    assert anna.get_by_role("button", name="Agree", exact=True).count() == 0  # nobody votes for his own

    clara.fill("#say-text", MARKUP)
    press(clara, "Say")
    assert who_sees(MARKUP) == set(persons)
    assert all(page.title() != "gone" for page in persons.values())

    observation_is_asked_for_and_approved(persons, portal, address, name)
    section(ben, where)
    ben.screenshot(path=tmp_path / "object.png", full_page=True)


def observation_is_asked_for_and_approved(persons: dict[str, Page], portal: Portal, address: str, name: str) -> None:
    """Ben asks from the page of the object, anna approves; nobody else sees that there is a request."""
    anna, ben = persons["anna-b"], persons["ben-b"]
    ben.fill("#ask-night", "2021-11-23")
    ben.fill("#exposure", "300")
    ben.select_option("#ask-to", "group:sn-b")
    press(ben, "Ask")
    assert ben.url == f"{address}/community/followup"
    log = Log.of(portal.settings)
    (wish,) = (one for one in requests(log, None, [Kind.FOLLOWUP_REQUEST]) if one.row["object_id"] == name)
    advance(log, wish, State.CHECKED, reason="it can be seen")
    seen, buttons = set(), {}
    for who, page in persons.items():
        page.goto(f"{address}/community/followup", wait_until="domcontentloaded")
        row = page.locator("tr", has_text=name)
        buttons[who] = row.get_by_role("button").all_inner_texts()
        seen |= {who} if row.count() else set()
    assert seen == {"anna-b", "ben-b"}
    assert buttons == {"anna-b": ["Approve", "Reject", "Cancel"], "ben-b": ["Cancel"], "clara-b": [], "dave-b": []}
    press(anna, "Approve")
    assert "approved anna-b" in anna.locator("tr", has_text=name).inner_text()
    (decided,) = (one for one in requests(log, None) if one.key == wish.key)
    assert decided.state is State.APPROVED
