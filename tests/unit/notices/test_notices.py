"""From a closed night to real servers: each notice once, tried again where that is right, nothing without a yes."""

import datetime as dt
import email
from dataclasses import replace
from email import policy
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from fink_lib.config import Settings
from fink_lib.errors import BrokerError, ConfigError
from fink_lib.notices import run, senders
from fink_lib.notices.job import deliver
from fink_lib.notices.notice import of_slow_filter
from fink_lib.notices.outbox import Action, entries, step
from fink_lib.notices.run import deliver_waiting, queue_filter, queue_night
from fink_lib.notices.subscriptions import Sink, Subscription, read_subscriptions

NIGHT = "2021-11-22"
MANIFEST = {
    "survey": "ztf", "night": NIGHT, "ok": True, "equations": ["320 offered = 320 bronze + 0 quarantine"],
    "published": {"fink_sn_ztf": 2}, "lost": [], "critical_failed": [],
}  # fmt: skip


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.model_copy(update={"notice_retry_s": 0.01})


def address(server: Any, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.server_address[1]}"


def asked(server: Any, event: str = "night", sink: Sink = Sink.WEBHOOK, *, live: bool = True) -> Subscription:
    where = "people@example.org" if sink is Sink.MAIL else address(server)
    return Subscription("team", "ztf", event, sink, where, live)


def publish(settings: Settings, *alerts: tuple[int, str, str]) -> None:
    """Put messages into `published`."""
    names = ("alert_id", "object_id", "filter")
    rows = [dict(zip(names, one, strict=True)) for one in alerts]
    night = dt.date.fromisoformat(NIGHT)
    table = pa.Table.from_pylist([{**row, "night": night, "topic": f"fink_{row['filter']}_ztf"} for row in rows])
    write_deltalake(str(settings.lake / "gold_ztf__published"), table, mode="append", partition_by=["night"])


def states(settings: Settings) -> list[Action]:
    return [one.action for one in entries(settings.lake)]


def test_a_night_is_told_once_however_often_it_is_closed(quick: Settings, hook: Any) -> None:
    mine = [asked(hook)]
    assert [queue_night(quick, mine, MANIFEST) for _ in range(2)] == [1, 0]
    for _ in range(2):
        deliver_waiting(quick, mine)
    assert queue_night(quick, mine, {**MANIFEST, "run_id": "another run"}) == 0
    deliver_waiting(quick, mine)
    (post,) = hook.posts
    assert post["key"] == f"ztf.{NIGHT}.closed"
    assert (post["ok"], post["subject"], post["text"]) == (
        True,
        f"ZTF night {NIGHT} is closed",
        MANIFEST["equations"][0],
    )
    assert states(quick) == [Action.DELIVERED]


def test_a_night_that_stays_open_and_then_closes_is_two_events(quick: Settings, hook: Any) -> None:
    mine = [asked(hook, sink=Sink.SLACK)]
    queue_night(quick, mine, {**MANIFEST, "ok": False, "critical_failed": ["silver: rb < 1 & <b>"]})
    queue_night(quick, mine, MANIFEST)
    deliver_waiting(quick, mine)
    opened, closed = (post["text"] for post in hook.posts)
    assert opened.startswith(f"*ZTF night {NIGHT} STAYS OPEN*\n")
    assert "critical: silver: rb &lt; 1 &amp; &lt;b&gt;" in opened
    assert closed.startswith(f"*ZTF night {NIGHT} is closed*\n")


def test_each_alert_of_a_filter_is_told_once(quick: Settings, hook: Any) -> None:
    mine = [asked(hook, "filter:sn")]
    publish(quick, (2**53 + 1, "ZTF21a", "sn"), (5, "ZTF21b", "sn"), (6, "ZTF21c", "other"))
    assert queue_night(quick, mine, MANIFEST) == 1
    deliver_waiting(quick, mine)
    assert queue_night(quick, mine, MANIFEST) == 0
    publish(quick, (7, "ZTF21d", "sn"))  # a late alert: the night is closed again
    assert queue_night(quick, mine, MANIFEST) == 1
    deliver_waiting(quick, mine)
    assert [post["alert_ids"] for post in hook.posts] == [[5, 2**53 + 1], [7]]
    assert [post["alert_ids_text"] for post in hook.posts] == [["5", "9007199254740993"], ["7"]]
    assert hook.posts[1]["subject"] == f"sn: 1 new alert of ZTF, {NIGHT}"
    assert "ZTF21b  5" in hook.posts[0]["text"]


def test_a_filter_that_is_switched_off_is_told_to_its_owner_and_the_operators_once(quick: Settings, hook: Any) -> None:
    owner, operators = asked(hook, "filter:greedy"), replace(asked(hook), name="operators")
    others = [replace(asked(hook, "filter:sn"), name="others"), replace(asked(hook), name="rubin", survey="lsst")]
    everyone = [owner, operators, *others]
    notice = of_slow_filter("ztf", "greedy", "slow: 50.0 s; its share is 10.0 s", off=3)
    assert [queue_filter(quick, everyone, "greedy", notice) for _ in range(2)] == [2, 0]
    assert queue_filter(quick, everyone, "greedy", of_slow_filter("ztf", "greedy", "slow: again", off=5)) == 2
    deliver_waiting(quick, everyone)
    assert [post["subject"] for post in hook.posts] == ["ZTF filter greedy was SWITCHED OFF"] * 4
    assert "50.0 s" in hook.posts[0]["text"]
    assert "fink filters activate greedy" in hook.posts[0]["text"]


def test_a_slow_filter_of_the_broker_is_told_once_a_night(quick: Settings, hook: Any) -> None:
    notice = of_slow_filter("ztf", "sn", "slow: 50.0 s")
    assert [queue_filter(quick, [asked(hook)], "sn", notice) for _ in range(2)] == [1, 0]
    (entry,) = entries(quick.lake)
    assert (entry.facts["switched_off"], entry.subject) == (False, "ZTF filter sn is slow")


def test_nothing_leaves_unless_the_subscription_says_so(quick: Settings, hook: Any) -> None:
    queue_night(quick, [asked(hook, live=False)], MANIFEST)
    deliver_waiting(quick, [asked(hook, live=False)])
    deliver_waiting(quick, [asked(hook)])  # made live later: what was only kept stays so
    assert hook.posts == []
    assert states(quick) == [Action.KEPT]


def test_a_receiver_that_refuses_is_tried_again_and_never_twice_once_it_took_it(quick: Settings, hook: Any) -> None:
    mine = [asked(hook)]
    queue_night(quick, mine, MANIFEST)
    hook.answer = 503
    assert deliver_waiting(quick, mine) == {Action.FAILED: 1}
    (entry,) = entries(quick.lake)
    assert (entry.attempts, entry.error, len(hook.posts)) == (run.ATTEMPTS, "answered 503", run.ATTEMPTS)
    hook.answer = 200
    assert deliver_waiting(quick, mine) == {Action.DELIVERED: 1}
    assert deliver_waiting(quick, mine) == {}
    assert len(hook.posts) == run.ATTEMPTS + 1


@pytest.mark.parametrize("status", [408, 500, 502, 504])
def test_an_answer_that_does_not_tell_whether_it_was_taken_is_uncertain(
    quick: Settings, hook: Any, status: int
) -> None:
    mine = [asked(hook)]
    queue_night(quick, mine, MANIFEST)
    hook.answer = status
    assert deliver_waiting(quick, mine) == {Action.UNCERTAIN: 1}
    hook.answer = 200
    assert deliver_waiting(quick, mine) == {}
    (entry,) = entries(quick.lake)
    assert (entry.action, entry.error, entry.attempts) == (Action.UNCERTAIN, f"answered {status}", 1)
    assert len(hook.posts) == 1


@pytest.mark.parametrize("status", [302, 400, 404, 409, 429])
def test_an_answer_that_refuses_is_tried_again(quick: Settings, hook: Any, status: int) -> None:
    mine = [asked(hook)]
    queue_night(quick, mine, MANIFEST)
    hook.answer = status
    assert deliver_waiting(quick, mine) == {Action.FAILED: 1}
    assert len(hook.posts) == run.ATTEMPTS


def test_an_answer_that_comes_too_late_is_uncertain(
    quick: Settings, hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = [asked(hook)]
    queue_night(quick, mine, MANIFEST)
    monkeypatch.setattr(senders, "TIMEOUT_S", 0.1)
    hook.thinks_s = 0.5
    assert deliver_waiting(quick, mine) == {Action.UNCERTAIN: 1}
    assert deliver_waiting(quick, mine) == {}
    assert entries(quick.lake)[0].error.startswith("ReadTimeout")


def test_nobody_listens_and_it_is_tried_again(quick: Settings, hook: Any) -> None:
    mine = [replace(asked(hook), address="http://127.0.0.1:9/")]
    queue_night(quick, mine, MANIFEST)
    assert deliver_waiting(quick, mine) == {Action.FAILED: 1}
    assert deliver_waiting(quick, [asked(hook)]) == {Action.DELIVERED: 1}


def test_a_recipient_that_is_refused_gets_it_once_the_server_knows_him(quick: Settings, mail_server: Any) -> None:
    settings = quick.model_copy(update={"report_smtp": address(mail_server, "smtp")})
    mine = [asked(mail_server, sink=Sink.MAIL)]
    queue_night(settings, mine, MANIFEST)
    mail_server.refuses = True
    assert deliver_waiting(settings, mine) == {Action.FAILED: 1}
    assert entries(settings.lake)[0].error.startswith("SMTPRecipientsRefused")
    mail_server.refuses = False
    assert deliver_waiting(settings, mine) == {Action.DELIVERED: 1}
    assert len(mail_server.mails) == 1


def test_a_filter_that_cannot_be_read_keeps_no_other_notice_back(
    quick: Settings, hook: Any, caplog: pytest.LogCaptureFixture
) -> None:
    mine = [replace(asked(hook, "filter:sn"), name="first"), asked(hook), replace(asked(hook), name="last")]
    assert queue_night(quick, mine, MANIFEST) == 2, "there is no table of what was sent"
    assert "notice=first cannot be made: no table gold_ztf__published" in caplog.text
    publish(quick, (5, "ZTF21b", "sn"))
    assert queue_night(quick, mine, MANIFEST) == 1
    assert {one.subscription for one in entries(quick.lake)} == {"first", "team", "last"}


def test_where_nobody_knows_whether_it_arrived_it_is_not_sent_again(
    quick: Settings, hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = [asked(hook)]
    queue_night(quick, mine, MANIFEST)
    with monkeypatch.context() as dying:
        dying.setattr(run, "deliver", lambda *_: (_ for _ in ()).throw(SystemExit))  # the process dies while sending
        with pytest.raises(SystemExit):
            deliver_waiting(quick, mine)
    assert deliver_waiting(quick, mine) == {}
    assert (states(quick), hook.posts) == ([Action.SENDING], [])


def test_two_that_deliver_at_once_send_once(quick: Settings, hook: Any) -> None:
    mine = [asked(hook)]
    queue_night(quick, mine, MANIFEST)
    (entry,) = entries(quick.lake)
    assert step(quick.lake, entry, 2, Action.SENDING)  # the other one was here first
    assert run._try(quick, mine[0], entry) is Action.SENDING
    assert hook.posts == []


def test_a_mail(quick: Settings, mail_server: Any) -> None:
    settings = quick.model_copy(update={"report_smtp": address(mail_server, "smtp")})
    mine = [asked(mail_server, sink=Sink.MAIL)]
    queue_night(settings, mine, MANIFEST)
    assert deliver_waiting(settings, mine) == {Action.DELIVERED: 1}
    (raw,) = mail_server.mails
    message = email.message_from_bytes(raw, policy=policy.default)
    assert (message["To"], message["Subject"]) == ("people@example.org", f"ZTF night {NIGHT} is closed")
    assert message["Message-ID"] == f"<team.ztf.{NIGHT}.closed@fink>"
    assert MANIFEST["equations"][0] in message.get_content()


def test_a_mail_server_that_is_not_there_is_tried_again(quick: Settings) -> None:
    settings = quick.model_copy(update={"report_smtp": "smtp://127.0.0.1:9"})
    mine = [Subscription("team", "ztf", "night", Sink.MAIL, "people@example.org", live=True)]
    queue_night(settings, mine, MANIFEST)
    assert deliver_waiting(settings, mine) == {Action.FAILED: 1}
    assert entries(settings.lake)[0].attempts == run.ATTEMPTS


def file_of(folder: Path, text: str) -> Path:
    path = folder / "notices.toml"
    path.write_text(text)
    return path


def test_the_job_says_what_became_of_the_notices(quick: Settings, hook: Any, tmp_path: Path) -> None:
    entry = f'[[notice]]\nname = "team"\nevent = "night"\nsink = "slack"\naddress = "{address(hook)}"\nlive = true\n'
    settings = quick.model_copy(update={"notices": file_of(tmp_path, entry)})
    queue_night(settings, read_subscriptions(settings.notices), MANIFEST)
    hook.answer = 404
    with pytest.raises(BrokerError, match="0 notices delivered, 1 not taken; the last one said: answered 404"):
        deliver(settings)
    hook.answer = 200
    assert deliver(settings) == "1 notices delivered"
    assert deliver(quick) == "0 notices delivered", "without a file of subscriptions nobody is told"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[notice]", "is no TOML"),
        ('[[notice]]\nname = "A B"', "'A B' is not usable"),
        ('[[notice]]\nname = "aa"\nadress = "x"', "has a field 'adress'"),
        ('[[notice]]\nname = "aa"\nsink = "fax"', "has sink 'fax': give one of slack, webhook, mail"),
        ('[[notice]]\nname = "aa"\nsink = "mail"\nevent = "filter:"', "has event 'filter:'"),
        ('[[notice]]\nname = "aa"\nsink = "mail"\nevent = "night"\naddress = "x"', "no address that a mail can use"),
        ('[[notice]]\nname = "aa"\nsink = "slack"\nevent = "night"\naddress = "a@b.c"', "no address that a slack"),
        ('[[notice]]\nname = "aa"\nsink = "mail"\nevent = "night"\naddress = "a@b"\nlive = "no"', "live = 'no'"),
        ('[[notice]]\nname = "aa"\nsink = "mail"\nevent = "night"\naddress = "a@b"\n' * 2, "is there twice"),
    ],
)
def test_a_subscription_that_cannot_be_kept_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        read_subscriptions(file_of(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"FINK_NOTICES=.*notices.toml is not there"):
        read_subscriptions(tmp_path / "notices.toml")
