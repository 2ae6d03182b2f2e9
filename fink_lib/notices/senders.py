"""The two ways that a message leaves this machine: a mail, and a post of JSON. Whoever sends says what a failure means.

Both the report of a night and the notices go by them; what they tell is made by those.
"""

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from fink_lib.errors import ConfigError

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 20.0
SMTP_PORT, SMTPS_PORT, SUBMISSION_PORT = 25, 465, 587


def mail_server(address: str) -> smtplib.SMTP:
    """Return a connection to a mail server, encrypted where it can be, logged in where its address says so.

    ``smtps://`` is encrypted from the first byte. ``smtp://`` is encrypted once the server offers it (STARTTLS); on
    port 587, where mail is handed in, and before a password is sent to a server that offers it, its certificate must
    be valid, and on port 587 one that offers nothing gets nothing.

    Parameters
    ----------
    address
        ``smtp://`` or ``smtps://``, with user and password where it needs them: `FINK_REPORT_SMTP`.

    Raises
    ------
    ConfigError
        When its address cannot be read.
    OSError, smtplib.SMTPException
        When it does not answer, is not encrypted as it should be, or does not accept the login.
    """
    where = urlsplit(address)
    if where.scheme not in {"smtp", "smtps"} or not where.hostname:
        raise ConfigError(f"FINK_REPORT_SMTP={address!r} is no mail server: write smtp://host:port")
    secure = where.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    port = where.port or (SMTPS_PORT if secure else SMTP_PORT)
    server = kind(where.hostname, port, timeout=TIMEOUT_S)
    try:
        if not secure:
            server.ehlo_or_helo_if_needed()
            # where mail is handed in, it is asked for even if it is not offered: that raises
            if port == SUBMISSION_PORT or server.has_extn("starttls"):
                server.starttls(context=_tls_context(verified=port == SUBMISSION_PORT or bool(where.username)))
        if where.username:
            server.login(unquote(where.username), unquote(where.password or ""))
    except BaseException:
        server.close()  # whoever asked has no connection to close
        raise
    return server


def _tls_context(*, verified: bool) -> ssl.SSLContext:
    """Return how to encrypt; an unverified line, as between mail relays, is still better than a plain one."""
    context = ssl.create_default_context()
    if not verified:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    """Give a mail to a server and leave it; how the goodbye is answered says nothing about the mail.

    Parameters
    ----------
    server
        A connection as `mail_server` gives it; it is closed.
    message
        With sender and addressees in its headers.

    Raises
    ------
    OSError, smtplib.SMTPException
        When it is not taken.
    """
    try:
        server.send_message(message)
    finally:
        try:
            server.quit()
        except (OSError, smtplib.SMTPException):
            server.close()


def post_json(address: str, facts: Mapping[str, object], headers: Mapping[str, str] | None = None) -> "httpx.Response":
    """Post facts as JSON; return the answer, whatever it says.

    Parameters
    ----------
    address
        An ``http(s)`` address.
    facts
        What JSON can hold.
    headers
        More headers; None for none.

    Raises
    ------
    httpx.HTTPError
        When there is no answer.
    """
    import httpx  # noqa: PLC0415 - only who sends pays for it

    return httpx.post(address, json=facts, headers=headers, timeout=TIMEOUT_S)
