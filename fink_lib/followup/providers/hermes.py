"""Messages to Hermes, which writes them on topics of Hopskotch: judged first, then sent.

Routes: `api/v0/submit_message/validate/` and `api/v0/submit_message/` (https://hermes.lco.global/about).
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import httpx

from fink_lib.followup.providers.base import Answer
from fink_lib.followup.providers.http import LONGEST_ANSWER, TIMEOUT_S, lost, refusal
from fink_lib.followup.states import State

LONGEST_REASON = 1_000


class Hermes:
    """A Hermes, which cannot be asked whether a message arrived.

    Parameters
    ----------
    address
        Of the server, without ``/api``.
    token
        Key of the account there.
    timeout_s
        How long an answer may take.
    """

    can_find = False

    def __init__(self, address: str, token: str, timeout_s: float = TIMEOUT_S) -> None:
        self._address = f"{address.rstrip('/')}/api/v0/submit_message/"
        headers = {"Authorization": f"Token {token}", "Accept": "application/json"}
        self._client = httpx.Client(timeout=timeout_s, headers=headers, trust_env=False)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def payload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the message."""
        return dict(request["body"]["report"])

    def submit(self, payload: Mapping[str, Any]) -> Answer:
        """Ask Hermes to judge a message, then to send it on."""
        try:
            judged = self._client.post(f"{self._address}validate/", json=dict(payload))
        except httpx.HTTPError as error:  # a question is asked again: it sends nothing
            return Answer(State.DELAYED, "", f"{type(error).__name__}: {error}"[:500], wait_s=1.0)
        if not judged.is_success:
            told = _with_words(judged)
            uncertain = told.state is State.UNCERTAIN
            return Answer(State.DELAYED, "", told.reason, told.content, told.status_code, 1.0) if uncertain else told
        try:
            answer = self._client.post(self._address, json=dict(payload))
        except httpx.HTTPError as error:
            return lost(error)
        if not answer.is_success:
            return _with_words(answer)
        content = answer.content[:LONGEST_ANSWER]
        return Answer(State.COMPLETED, "", f"accepted for {payload['topic']}", content, answer.status_code)

    def find(self, _payload: Mapping[str, Any]) -> Answer | None:
        """Return nothing: it cannot be asked."""
        return None

    def poll(self, external_id: str) -> Answer:
        """Tell that nothing is known."""
        return Answer(None, external_id)

    def cancel(self, external_id: str) -> Answer:
        """Tell that a message cannot be taken back."""
        return Answer(None, external_id, "a message is not taken back: send another one")


def _with_words(answer: httpx.Response) -> Answer:
    """Return a refusal with what Hermes says of the fields."""
    told = refusal(answer, dt.datetime.now(dt.UTC))
    reason = f"{told.reason}: {answer.text}"[:LONGEST_REASON]
    return Answer(told.state, "", reason, told.content, told.status_code, told.wait_s)
