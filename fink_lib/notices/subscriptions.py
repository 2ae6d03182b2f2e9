"""Who is told of what, and how: a file of subscriptions (`FINK_NOTICES`)."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fink_lib.errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9_-]{1,63}")
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
FIELDS = {"name", "survey", "event", "sink", "address", "live"}
NIGHT, ALARM, FILTER, MENTION, WATCH = "night", "alarm", "filter:", "mention:", "watch:"
OF_ACCOUNTS = (MENTION, WATCH)


class Sink(StrEnum):
    """How a notice leaves."""

    SLACK = "slack"
    WEBHOOK = "webhook"
    MAIL = "mail"


@dataclass(frozen=True)
class Subscription:
    """One wish to be told.

    Attributes
    ----------
    name
        Its name; the outbox knows it by that alone, since an address may be a secret.
    survey
        Whose nights.
    event
        ``night`` for a night that was closed or stays open, ``filter:NAME`` for the alerts that a filter sent,
        ``mention:ACCOUNT`` for public comments that call an account, ``watch:ACCOUNT`` for what is found in what an
        account watches, ``alarm`` for every alarm of the home, of whichever survey.
    sink, address
        How, and where: an ``http(s)`` address, or a mail address.
    live
        Whether anything leaves; else the notice is only kept.
    """

    name: str
    survey: str
    event: str
    sink: Sink
    address: str
    live: bool = False

    @property
    def filter(self) -> str | None:
        """The filter that it is about."""
        return self.event.removeprefix(FILTER) if self.event.startswith(FILTER) else None


def read_subscriptions(path: Path | None) -> list[Subscription]:
    """Read the file; without one nobody is told.

    Raises
    ------
    ConfigError
        Naming the subscription and what is wrong with it.
    """
    if path is None:
        return []
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"FINK_NOTICES={path} is not there: write it, or unset FINK_NOTICES") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"FINK_NOTICES={path} is no TOML: {error}") from None
    found = [_subscription(entry) for entry in facts.get("notice", ())]
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"notice '{twice[0]}' is there twice: the outbox knows notices by their names")
    return found


def _subscription(entry: Mapping[str, Any]) -> Subscription:
    name = str(entry.get("name", ""))
    strange = sorted(set(entry) - FIELDS)
    if not _NAME.fullmatch(name):
        raise ConfigError(f"notice name {name[:60]!r} is not usable: 2-64 of a-z, 0-9, _ and -")
    if strange:
        raise ConfigError(f"notice '{name}' has a field '{strange[0]}': there are {', '.join(sorted(FIELDS))}")
    try:
        sink = Sink(str(entry.get("sink")))
    except ValueError:
        raise ConfigError(f"notice '{name}' has sink '{entry.get('sink')}': give one of {', '.join(Sink)}") from None
    event, live = str(entry.get("event", "")), entry.get("live", False)
    kind = next((one for one in OF_ACCOUNTS if event.startswith(one)), None)
    called = kind is not None and _ACCOUNT.fullmatch(event.removeprefix(kind))
    if event not in {NIGHT, ALARM} and not called and not event.removeprefix(FILTER).isidentifier():
        known = "'night', 'alarm', 'filter:NAME', 'mention:ACCOUNT' or 'watch:ACCOUNT'"
        raise ConfigError(f"notice '{name}' has event '{event}': give {known}")
    if not isinstance(live, bool):
        raise ConfigError(f"notice '{name}' has live = {live!r}: give true or false")
    address = str(entry.get("address", ""))
    good = "@" in address if sink is Sink.MAIL else urlsplit(address).scheme in {"http", "https"}
    if not good:
        raise ConfigError(f"notice '{name}' has no address that a {sink} can use")
    return Subscription(name, str(entry.get("survey", "ztf")), event, sink, address, live)
