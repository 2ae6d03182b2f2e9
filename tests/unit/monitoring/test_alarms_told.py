"""An alarm reaches whoever subscribed to it, once, with what it means and what to do."""

import errno
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fink_lib.config import Settings
from fink_lib.host.monitor_server import watch
from fink_lib.monitoring.alarms import Alarm, read_alarms, write_alarms
from fink_lib.monitoring.look import Monitor
from fink_lib.monitoring.rules import Severity
from fink_lib.monitoring.tell import Telling, tell
from fink_lib.notices.outbox import Action, entries
from tests.unit.servers import hook

__all__ = ["hook"]
FIRING = Alarm("LossesWait", Severity.CRITICAL, "3 messages of ztf are lost", (("survey", "ztf"),), 1_700_000_000.0)


@pytest.fixture
def subscribed(tmp_path: Path, hook: Any) -> Settings:
    path = tmp_path / "notices.toml"
    address = f"http://127.0.0.1:{hook.server_address[1]}/"
    facts = f'sink = "webhook"\naddress = "{address}"\nlive = true\n'
    path.write_text(
        f'[[notice]]\nname = "on-call"\nevent = "alarm"\n{facts}[[notice]]\nname = "nights"\nevent = "night"\n{facts}'
    )
    return Settings(home=tmp_path / "home", notices=path, notice_retry_s=0.01)


def test_an_alarm_is_told_once_and_to_those_alone_who_asked(subscribed: Settings, hook: Any) -> None:
    assert tell(subscribed, [FIRING]) == 1
    assert tell(subscribed, [FIRING]) == 0
    (post,) = hook.posts
    assert "critical: 3 messages of ztf are lost" in str(post)
    assert "fink losses list" in str(post)
    (entry,) = entries(subscribed.lake)
    assert (entry.subscription, entry.action, entry.night) == ("on-call", Action.DELIVERED, "2023-11-14")


def test_one_that_is_over_and_fires_again_is_another(subscribed: Settings, hook: Any) -> None:
    later = Alarm(FIRING.name, FIRING.severity, FIRING.sentence, FIRING.labels, FIRING.since + 3600)
    assert (tell(subscribed, [FIRING]), tell(subscribed, [later])) == (1, 1)
    assert len(hook.posts) == 2


def test_a_file_of_subscriptions_that_is_wrong_stops_no_look(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert tell(Settings(home=tmp_path, notices=tmp_path / "none.toml"), [FIRING]) is None
    assert "nobody is told of 1 alarms" in caplog.text


def test_a_monitor_that_starts_again_tells_nothing_anew(subscribed: Settings, hook: Any) -> None:
    """What fired goes on since then; only what did not fire before is told."""
    subscribed.home.mkdir()
    down = Alarm("DiskNearlyFull", Severity.CRITICAL, "old words", (), 1_700_000_000.0)
    write_alarms(subscribed, [down], 1_700_000_000.0)
    monitor = Monitor(subscribed)
    monitor._parts = {"disk": lambda _: {"disk_free": 10**9}, "services": lambda _: {"services": {}}}
    watch(subscribed, monitor, lambda _: True)
    (still,) = read_alarms(subscribed)[1]
    assert (still.name, still.since) == ("DiskNearlyFull", down.since)
    assert hook.posts == []


def test_a_full_disk_does_not_end_the_monitor(
    subscribed: Settings, hook: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing can be left on it, which is when somebody has to be told."""

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("fink_lib.host.monitor_server.write_alarms", no_room)
    monitor = Monitor(subscribed)
    monitor._parts = {"disk": lambda _: {"disk_free": 10**9}}
    looks = iter([False, True])
    watch(subscribed, monitor, lambda _: next(looks))
    assert "No space left on device" in caplog.text
    assert len(hook.posts) == 1


@pytest.mark.parametrize("failure", [None, RuntimeError("a bug")])
def test_an_alarm_that_could_not_be_told_is_tried_again_while_it_fires(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failure: Exception | None
) -> None:
    over = replace(FIRING, name="StreamDown")
    tried: list[list[str]] = []

    def told(_: Settings, alarms: Sequence[Alarm]) -> int | None:
        tried.append([one.name for one in alarms])
        if len(tried) > 1:
            return len(alarms)
        if failure is not None:
            raise failure
        return None

    monkeypatch.setattr("fink_lib.monitoring.tell.tell", told)
    with AtOnce() as pool:
        telling = Telling(Settings(home=tmp_path), pool)
        telling.go_on([FIRING, over], [FIRING, over])
        for _ in range(3):
            telling.go_on([], [FIRING])
    assert tried == [["LossesWait", "StreamDown"], ["LossesWait"]]


class AtOnce(Executor):
    """Does what it is given before it returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except RuntimeError as error:
            done.set_exception(error)
        return done
