"""Facilities that are told of a request by a webhook or a mail: people or programs there do the rest.

Neither can be asked whether a request arrived. Where no clear answer came, a person has to ask, and nothing is sent
again.
"""

import datetime as dt
import json
import smtplib
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

import httpx

from fink_lib.followup.providers.base import Answer
from fink_lib.followup.providers.http import LONGEST_ANSWER, TIMEOUT_S, lost, refusal
from fink_lib.followup.states import State
from fink_lib.notices.senders import hand_over, mail_server


def plain_payload(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a request asks for, as people and programs read it."""
    body = request["body"]
    return {
        "name": f"fink-{body['request_key']}",
        "target": {"name": request["object_id"], "ra": request["ra"], "dec": request["dec"]},
        "asked_by": request["author"],
        **{name: body[name] for name in ("facility", "rule", "night", "observation", "text")},
    }


class Webhook:
    """A facility that takes JSON.

    Parameters
    ----------
    address
        Where it is posted to.
    timeout_s
        How long an answer may take.
    """

    can_find = False

    def __init__(self, address: str, timeout_s: float = TIMEOUT_S) -> None:
        self._address = address
        self._client = httpx.Client(timeout=timeout_s, trust_env=False)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def payload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is posted."""
        return plain_payload(request)

    def submit(self, payload: Mapping[str, Any]) -> Answer:
        """Post it, with its name as the key of RFC draft `Idempotency-Key`."""
        headers = {"Idempotency-Key": str(payload["name"])}
        try:
            answer = self._client.post(self._address, json=payload, headers=headers)
        except httpx.HTTPError as error:
            return lost(error)
        if not answer.is_success:
            return refusal(answer, dt.datetime.now(dt.UTC))
        return Answer(
            State.SUBMITTED, str(payload["name"]), "taken", answer.content[:LONGEST_ANSWER], answer.status_code
        )

    def find(self, _payload: Mapping[str, Any]) -> Answer | None:
        """Return nothing: it cannot be asked."""
        return None

    def poll(self, external_id: str) -> Answer:
        """Tell that nothing is known: whoever observed says so by the API."""
        return Answer(None, external_id)

    def cancel(self, external_id: str) -> Answer:
        """Tell that it cannot be taken back here."""
        return Answer(None, external_id, "tell them that it is not wanted any more")


class Mail:
    """A facility that is written to.

    Parameters
    ----------
    server, sender, to
        Mail server as ``smtp://…``, and addresses.
    """

    can_find = False

    def __init__(self, server: str, sender: str, to: str) -> None:
        self._server, self._sender, self._to = server, sender, to

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def payload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the mail says."""
        return plain_payload(request)

    def submit(self, payload: Mapping[str, Any]) -> Answer:
        """Send the mail; its id is made of the request's name, so that a mailbox can tell a copy."""
        message = EmailMessage()
        message["Subject"] = f"Observation wanted: {payload['target']['name']} ({payload['night']})"
        message["From"], message["To"] = self._sender, self._to
        message["Message-ID"] = f"<{payload['name']}@fink>"
        message.set_content(json.dumps(payload, indent=1, ensure_ascii=False, sort_keys=True))
        try:
            server = mail_server(self._server)
        except OSError as error:
            return Answer(State.DELAYED, "", f"{type(error).__name__}: {error}", wait_s=60.0)
        try:
            hand_over(server, message)
        except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as error:
            return Answer(State.REFUSED, "", f"{type(error).__name__}: {error}")
        except (OSError, smtplib.SMTPException) as error:
            return Answer(State.UNCERTAIN, "", f"{type(error).__name__}: {error}")
        return Answer(State.SUBMITTED, str(payload["name"]), "handed over")

    def find(self, _payload: Mapping[str, Any]) -> Answer | None:
        """Return nothing: it cannot be asked."""
        return None

    def poll(self, external_id: str) -> Answer:
        """Tell that nothing is known."""
        return Answer(None, external_id)

    def cancel(self, external_id: str) -> Answer:
        """Tell that it cannot be taken back here."""
        return Answer(None, external_id, "write to them that it is not wanted any more")
