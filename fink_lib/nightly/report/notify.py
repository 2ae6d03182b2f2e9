"""Tell people about a closed night: a mail with the page attached, or a JSON post. Asked for by settings.

The same facts are told to the same address once, however often the step is retried and in whatever run the night is
closed again. What cannot be delivered is kept with its reason and never stops a night.
"""

import hashlib
import json
import logging
import smtplib
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.files import JsonObject, replace_text, to_json
from fink_lib.nightly.report.verdict import BROKEN, STOPPED, WORDS
from fink_lib.notices.senders import hand_over, mail_server, post_json

logger = logging.getLogger(__name__)

SENT = "sent.json"


def subject(facts: Mapping[str, JsonObject]) -> str:
    """Return one line that says how the night stands."""
    state = facts["verdict"]["state"]
    word = WORDS[state].upper() if state in (BROKEN, STOPPED) else WORDS[state]
    return f"{str(facts['survey']).upper()} night {facts['night']}: {word}"


def body(facts: JsonObject) -> str:
    """Return the verdict, the equations and the key numbers as plain text."""
    lines = [facts["verdict"]["sentence"], ""]
    lines += [equation["text"] for equation in (facts["reconcile"] or {}).get("equations", ())]
    for card in (facts["compare"] or {}).get("cards", ()):
        if card["value"] is not None:
            usual = "" if card["usual"] is None else f"  (usual: {card['usual']:,.0f})"
            lines.append(f"{card['label']:>18}  {card['value']:,.0f}{usual}")
    if facts["links"]["run"]:
        lines += ["", f"Run: {facts['links']['run']}"]
    return "\n".join([*lines, "", "The whole report is attached; it opens in any browser."])


def mail(settings: Settings, facts: JsonObject, page: str) -> None:
    """Send the page as an attachment.

    Parameters
    ----------
    settings
        Whom it goes to, from whom, and through which server.
    facts
        Those of the report; its subject and its text are made of them.
    page
        The report as HTML.

    Raises
    ------
    ConfigError
        When the address of the mail server cannot be read.
    OSError, smtplib.SMTPException
        When it cannot be delivered.
    """
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        subject(facts),
        settings.report_mail_from,
        settings.report_mail_to,
    )
    message.set_content(body(facts))
    name = f"{facts['survey']}_{facts['night']}.html"
    charset = {"charset": "utf-8"}
    message.add_attachment(page.encode(), maintype="text", subtype="html", filename=name, params=charset)
    hand_over(mail_server(settings.report_smtp), message)


def post(settings: Settings, facts: JsonObject, page: str) -> None:  # noqa: ARG001 - a post carries numbers, no page
    """Post the verdict and the numbers as JSON; ``text`` is one line for people.

    Parameters
    ----------
    settings
        Which address it goes to.
    facts
        Those of the report.
    page
        Left out: a post carries numbers.

    Raises
    ------
    httpx.HTTPError
        When it is not taken.
    """
    told = {"survey": facts["survey"], "night": facts["night"], "verdict": facts["verdict"], "links": facts["links"]}
    told["text"] = f"{subject(facts)}. {facts['verdict']['sentence']}"
    told["counts"] = (facts["reconcile"] or {}).get("counts", {})
    post_json(settings.report_webhook, told).raise_for_status()


# What the report says of the night itself, rather than of the run that closed it, its files, or other nights
OF_RUN = frozenset({"tables", "docs", "trailing", "cumulative", "topics", "previous", "undated"})
OF_NIGHT = ("survey", "night", "verdict", "not_computed", "reconcile", "quality", "crossmatch", "statistics", "best")


def digest_of(facts: JsonObject) -> str:
    """Return the digest of what a report says of its night: a run that finds the same again gives the same."""
    said = {name: _said(facts.get(name)) for name in OF_NIGHT}
    return hashlib.sha256(to_json(said).encode()).hexdigest()


def _said(part: object) -> object:
    return {name: value for name, value in part.items() if name not in OF_RUN} if isinstance(part, dict) else part


Send = Callable[[Settings, JsonObject, str], None]


def notify(settings: Settings, folder: Path, facts: JsonObject, page: str) -> JsonObject:
    """Tell everybody who asked and was not told the same of this night; return what became of it, by address.

    Parameters
    ----------
    settings
        Who asked; a way without an address is left out.
    folder
        Of the night: its file `SENT` keeps who was told what.
    facts
        Those of the report.
    page
        The report as HTML.

    Returns
    -------
    Way and address → digest of what was told. Under ``failed`` and these, the error of one that could not be told;
    it is tried again the next time.
    """
    ways: list[tuple[str, str, Send]] = [
        ("mail", settings.report_mail_to, mail),
        ("webhook", settings.report_webhook, post),
    ]
    digest = digest_of(facts)
    told = _read(folder / SENT)
    for way, address, send in ways:
        key = f"{way} {address}"
        if not address or told.get(key) == digest:
            continue
        import httpx  # noqa: PLC0415 - only who sends pays for it

        try:
            send(settings, facts, page)
        except (OSError, smtplib.SMTPException, httpx.HTTPError, ConfigError) as error:
            logger.warning("night=%s report not sent by %s: %s", facts["night"], way, error)
            told[f"failed {key}"] = f"{type(error).__name__}: {error}"
        else:
            told[key] = digest
            told.pop(f"failed {key}", None)
    if told:
        replace_text(folder / SENT, to_json(told))
    return told


def _read(path: Path) -> JsonObject:
    try:
        told: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return told
