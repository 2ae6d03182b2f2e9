"""Ways out: a Slack-compatible webhook, a plain webhook, a mail. Each says whether a failure may be tried again."""

import smtplib
from collections.abc import Callable, Mapping
from email.message import EmailMessage

from fink_lib.config import Settings
from fink_lib.errors import FinkError
from fink_lib.files import with_ids_as_text
from fink_lib.notices.outbox import Entry
from fink_lib.notices.senders import hand_over, mail_server, post_json
from fink_lib.notices.subscriptions import Sink, Subscription

SERVICE_UNAVAILABLE, REQUEST_TIMEOUT = 503, 408
SLACK_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}  # https://docs.slack.dev/messaging/formatting-message-text


class NotTaken(FinkError):
    """The notice certainly did not arrive: it may be tried again."""


class Uncertain(FinkError):
    """The other side answered, but not whether it took the notice: trying again could tell it twice."""


def deliver(settings: Settings, subscription: Subscription, entry: Entry) -> None:
    """Send one notice.

    Parameters
    ----------
    settings
        Tell the mail server and the sender of mails.
    subscription
        Says by which way, and to which address.
    entry
        The notice.

    Raises
    ------
    NotTaken
        When the other side refused it or could not be reached.
    Uncertain
        When its answer does not tell.
    OSError, smtplib.SMTPException, httpx.HTTPError
        When nobody knows what became of it.
    """
    _SINKS[subscription.sink](settings, subscription.address, entry)


def slack(_settings: Settings, address: str, entry: Entry) -> None:
    """Post as text that Slack, Mattermost and their like show.

    Parameters
    ----------
    _settings
        Not asked.
    address
        Of the webhook; it may be a secret.
    entry
        The notice.

    Raises
    ------
    NotTaken
        When it was refused, or nobody could be reached.
    Uncertain
        When the answer does not tell.
    """
    _post(address, entry, {"text": f"*{escaped(entry.subject)}*\n{escaped(entry.text)}"})


def webhook(_settings: Settings, address: str, entry: Entry) -> None:
    """Post the facts as JSON.

    Parameters
    ----------
    _settings
        Not asked.
    address
        Of the webhook; it may be a secret.
    entry
        The notice.

    Raises
    ------
    NotTaken
        When it was refused, or nobody could be reached.
    Uncertain
        When the answer does not tell.
    """
    facts = {"key": entry.key, "subject": entry.subject, "text": entry.text, **entry.facts}
    _post(address, entry, with_ids_as_text(facts))


def mail(settings: Settings, address: str, entry: Entry) -> None:
    """Send a mail; its id is made of the key, so that a mailbox can tell a copy.

    Parameters
    ----------
    settings
        Tell the mail server and the sender.
    address
        Of the addressee.
    entry
        The notice.

    Raises
    ------
    NotTaken
        When the server could not be reached, or refused the mail.
    """
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = entry.subject, settings.report_mail_from, address
    message["Message-ID"] = f"<{entry.subscription}.{entry.key}@fink>"
    message.set_content(entry.text)
    try:
        server = mail_server(settings.report_smtp)
    except OSError as error:
        raise NotTaken(f"{type(error).__name__}: {error}") from error
    try:
        hand_over(server, message)
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as error:
        raise NotTaken(f"{type(error).__name__}: {error}") from error


def escaped(text: str) -> str:
    """Return a text that Slack does not take for markup."""
    return "".join(SLACK_ESCAPES.get(sign, sign) for sign in text)


def _post(address: str, entry: Entry, facts: Mapping[str, object]) -> None:
    """Post JSON; the key goes along for receivers that look at it."""
    import httpx  # noqa: PLC0415 - only who sends pays for it

    try:
        answer = post_json(address, facts, {"Idempotency-Key": entry.key})
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NotTaken(f"{type(error).__name__}: {error}") from error
    if not answer.is_success:
        kind = NotTaken if surely_refused(answer.status_code) else Uncertain
        raise kind(f"answered {answer.status_code}")  # no address: it may be a secret


def surely_refused(status: int) -> bool:
    """Tell whether an HTTP answer says that the post was not taken.

    A server or gateway that failed (500, 502, 504) or gave up (408) may have handed it on before.
    """
    redirected_or_refused = 300 <= status < 500 and status != REQUEST_TIMEOUT  # noqa: PLR2004 - classes of RFC 9110
    return redirected_or_refused or status == SERVICE_UNAVAILABLE


_SINKS: Mapping[Sink, Callable[[Settings, str, Entry], None]] = {
    Sink.SLACK: slack,
    Sink.WEBHOOK: webhook,
    Sink.MAIL: mail,
}
