"""The report by mail and by webhook, to real servers on this machine."""

import email
from email import policy
from pathlib import Path
from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.nightly.job import NightContext, perform
from fink_lib.nightly.report import step as report
from fink_lib.nightly.report.notify import SENT, notify
from fink_lib.nightly.results import Step


def asking(settings: Settings, **wanted: Any) -> Settings:
    return settings.model_copy(update=wanted)


def drawn(context: NightContext) -> tuple[dict[str, Any], str]:
    facts = perform(context, Step.REPORT, report.draw)
    return facts, (context.folder / report.PAGE).read_text()


def test_the_page_comes_by_mail_once(good_results: NightContext, mail_server: Any) -> None:
    facts, page = drawn(good_results)
    where = f"smtp://127.0.0.1:{mail_server.server_address[1]}"
    settings = asking(good_results.settings, report_mail_to="a@example.org, b@example.org", report_smtp=where)
    notify(settings, good_results.folder, facts, page)
    notify(settings, good_results.folder, facts, page)  # a retried step
    (raw,) = mail_server.mails
    message = email.message_from_bytes(raw, policy=policy.default)
    assert message["Subject"] == "ZTF night 2021-11-22: closed"
    assert message["To"] == "a@example.org, b@example.org"
    text = message.get_body(("plain",)).get_content()
    assert "320 offered = 318 bronze + 2 quarantine" in text
    (attached,) = message.iter_attachments()
    assert attached.get_filename() == "ztf_2021-11-22.html"
    assert attached.get_content().replace("\r\n", "\n").strip() == page.strip()
    again = {**facts, "links": {**facts["links"], "run": "http://127.0.0.1:8080/dags/ztf_rerun_nights/runs/2"}}
    moved = {**again, "compact": None, "statistics": {**facts["statistics"], "tables": {"bronze": 9}, "trailing": {}}}
    for same in (again, moved):
        notify(settings, good_results.folder, same, page + "<!-- drawn by a backfill -->")
    assert len(mail_server.mails) == 1
    other = {**facts, "statistics": {**facts["statistics"], "objects": 291}}
    notify(settings, good_results.folder, other, page)
    assert len(mail_server.mails) == 2


def test_the_verdict_is_posted(good_results: NightContext, hook: Any) -> None:
    facts, page = drawn(good_results)
    url = f"http://127.0.0.1:{hook.server_address[1]}/night"
    notify(asking(good_results.settings, report_webhook=url), good_results.folder, facts, page)
    (told,) = hook.posts
    assert (told["survey"], told["night"], told["verdict"]["state"]) == ("ztf", "2021-11-22", "holds")
    assert told["counts"]["offered"] == 320
    assert told["text"].startswith("ZTF night 2021-11-22: closed. The equation holds")


def test_what_is_not_taken_is_kept_and_tried_again(good_results: NightContext, hook: Any) -> None:
    facts, page = drawn(good_results)
    url = f"http://127.0.0.1:{hook.server_address[1]}/night"
    settings = asking(good_results.settings, report_webhook=url)
    hook.answer = 503
    assert "503" in notify(settings, good_results.folder, facts, page)[f"failed webhook {url}"]
    hook.answer = 200
    told = notify(settings, good_results.folder, facts, page)
    assert set(told) == {f"webhook {url}"}
    assert len(hook.posts) == 2


@pytest.mark.parametrize("smtp", ["smtp://127.0.0.1:1", "nonsense"])
def test_a_mail_server_that_is_not_there_stops_nothing(good_results: NightContext, smtp: str) -> None:
    wanted = asking(good_results.settings, report_mail_to="a@example.org", report_smtp=smtp)
    outcome = report.run(NightContext(wanted, good_results.survey, good_results.night, good_results.run_id))
    assert outcome.failure is None
    assert "failed mail a@example.org" in (good_results.folder / SENT).read_text()


def test_nobody_is_told_who_did_not_ask(good_results: NightContext, tmp_path: Path) -> None:
    facts, page = drawn(good_results)
    assert notify(good_results.settings, tmp_path, facts, page) == {}
    assert not (tmp_path / SENT).exists()
