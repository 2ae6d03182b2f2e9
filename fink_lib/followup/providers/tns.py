"""Reports to the Transient Name Server: given in, then asked for until it has judged them.

Routes: `set/file-upload` takes a spectrum, `set/bulk-report` a report, and answers with its number;
`get/bulk-report-reply` tells what became of it, 404 while it is at work; `get/search` knows objects by the names that
others gave them. Source: TNS 2.0 bulk reports manual, TNS 2.0 APIs manual.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from fink_lib.followup.providers.base import Answer
from fink_lib.followup.providers.http import LONGEST_ANSWER, TIMEOUT_S, lost, refusal
from fink_lib.followup.reports.tns import form
from fink_lib.followup.states import State

AT_REPORT, CLASSIFICATION_REPORT = "at_report", "classification_report"
NOT_YET = 404
NEW, KNOWN = "100", "101"  # codes of its reply: a new object, an object that there was
SAME = "identical"  # "An identical AT report (sender, RA/DEC, discovery date) already exists."
LONGEST_REASON = 1_000


def marker(bot_id: int, bot_name: str) -> str:
    """Return the name that a bot goes by: TNS answers 403 to what does not.

    Parameters
    ----------
    bot_id
        Number that TNS gave the bot.
    bot_name
        Its name there, letter for letter.
    """
    told = json.dumps({"tns_id": bot_id, "type": "bot", "name": bot_name}, separators=(",", ":"))
    return f"tns_marker{told}"


class Tns:
    """The Transient Name Server, or its sandbox.

    Parameters
    ----------
    address
        Of the server, without ``/api``.
    key
        Key of the bot.
    agent
        Name of the bot, see `marker`.
    timeout_s
        How long an answer may take.
    """

    can_find = True

    def __init__(self, address: str, key: str, agent: str, timeout_s: float = TIMEOUT_S) -> None:
        self._address, self._key = address.rstrip("/"), key
        self._client = httpx.Client(timeout=timeout_s, headers={"User-Agent": agent}, trust_env=False)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def payload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the report, and the text of the spectrum that belongs to it."""
        content = request["content"]
        return {**request["body"]["report"], **({} if content is None else {"file": content.decode("utf-8")})}

    def submit(self, payload: Mapping[str, Any]) -> Answer:
        """Give the spectrum in, if there is one, then the report."""
        kind = _kind(payload)
        entry = payload[kind]
        if "file" in payload:
            name = entry["spectra"]["spectra-group"]["0"]["ascii_file"]
            given = self._upload(name, payload["file"])
            if isinstance(given, Answer):
                return given
            spectrum = {**entry["spectra"]["spectra-group"]["0"], "ascii_file": given}
            entry = {**entry, "spectra": {"spectra-group": {"0": spectrum}}}
        try:
            answer = self._client.post(f"{self._address}/api/set/bulk-report", data=form(entry, kind, self._key))
        except httpx.HTTPError as error:
            return lost(error)
        if not answer.is_success:
            return _with_words(refusal(answer, dt.datetime.now(dt.UTC)))
        number = str(answer.json()["data"]["report_id"])
        return Answer(State.SUBMITTED, number, f"taken as report {number}", answer.content, answer.status_code)

    def find(self, payload: Mapping[str, Any]) -> Answer | None:
        """Look for the object of a report by the name that it was given here.

        Whose report made it known is not told. A classification cannot be found so: a person must ask.
        """
        if _kind(payload) != AT_REPORT:
            return Answer(State.UNCERTAIN, "", "ask TNS whether the classification arrived")
        name = payload[AT_REPORT]["internal_name"]
        asked = {"internal_name": name, "internal_name_exact_match": "1"}
        answer = self._client.post(f"{self._address}/api/get/search", data=self._asked(asked))
        answer.raise_for_status()
        told = answer.json()["data"]
        rows = told.get("reply", ()) if isinstance(told, Mapping) else told
        if not rows:
            return None
        known = str(rows[0]["objname"])
        return Answer(State.DUPLICATE, known, f"TNS knows {name} as {known}, by this report or by another",
                      answer.content[:LONGEST_ANSWER], answer.status_code)  # fmt: skip

    def poll(self, external_id: str) -> Answer:
        """Ask what became of a report."""
        asked = {"api_key": self._key, "report_id": external_id}
        answer = self._client.post(f"{self._address}/api/get/bulk-report-reply", data=asked)
        content = answer.content[:LONGEST_ANSWER]
        if answer.status_code not in {200, 400}:
            return Answer(None, external_id, f"answered {answer.status_code}", content, answer.status_code)
        return _judged(external_id, answer.json(), content, answer.status_code)

    def cancel(self, external_id: str) -> Answer:
        """Tell that a report cannot be taken back here."""
        return Answer(None, external_id, "write to TNS: a report is not taken back by a program")

    def _asked(self, facts: Mapping[str, str]) -> dict[str, str]:
        return {"api_key": self._key, "data": json.dumps(facts)}

    def _upload(self, name: str, text: str) -> str | Answer:
        """Give a file in; return its name there, or why it was not taken: a file alone reports nothing."""
        files = {"files[0]": (name, text.encode(), "text/plain")}
        try:
            answer = self._client.post(f"{self._address}/api/set/file-upload", data={"api_key": self._key}, files=files)
        except httpx.HTTPError as error:
            return Answer(State.DELAYED, "", f"{type(error).__name__}: {error}"[:500], wait_s=1.0)
        if not answer.is_success:
            told = _with_words(refusal(answer, dt.datetime.now(dt.UTC)))
            is_end = told.state in {State.REFUSED, State.DELAYED}
            return told if is_end else Answer(State.DELAYED, "", told.reason, told.content, told.status_code, 1.0)
        return str(answer.json()["data"][0])


def _kind(payload: Mapping[str, Any]) -> str:
    return AT_REPORT if AT_REPORT in payload else CLASSIFICATION_REPORT


def _with_words(answer: Answer) -> Answer:
    """Return an answer with the words of the server in its reason."""
    try:
        said = json.loads(answer.content)["id_message"]
    except (ValueError, KeyError, TypeError):
        return answer
    reason = f"{answer.reason}: {said}"[:LONGEST_REASON]
    return Answer(answer.state, "", reason, answer.content, answer.status_code, answer.wait_s)


def _judged(number: str, facts: Mapping[str, Any], content: bytes, status: int) -> Answer:
    """Return what a reply says; its feedback has an entry for each report, and each report here has one."""
    feedback = (facts.get("data") or {}).get("feedback") or {}
    told = (feedback.get(AT_REPORT) or feedback.get(CLASSIFICATION_REPORT) or [{}])[0]
    words = "; ".join(dict.fromkeys(_messages(told))) or str(facts.get("id_message", ""))
    if SAME in words:
        return Answer(State.DUPLICATE, number, words[:LONGEST_REASON], content, status)
    known = next((told[code] for code in (NEW, KNOWN) if isinstance(told.get(code), Mapping)), None)
    if status == httpx.codes.OK and known is not None:
        name = str(known["objname"])
        return Answer(State.COMPLETED, number, f"accepted: {name}, {words}"[:LONGEST_REASON], content, status,
                      results=(f"tns:{name}",))  # fmt: skip
    if status == httpx.codes.OK and not told:
        return Answer(None, number, "not judged yet", content, status)
    return Answer(State.REFUSED, number, f"refused: {words}"[:LONGEST_REASON], content, status)


def _messages(told: Any, path: str = "") -> Iterator[str]:
    """Yield what a feedback says, each message with the field that it is of."""
    if isinstance(told, Mapping):
        if isinstance(told.get("message"), str):
            yield f"{path}: {told['message']}" if path else told["message"]
        for name, one in told.items():
            inner = path if name in {NEW, KNOWN, "at_rep"} or name.isdigit() else f"{path}.{name}".strip(".")
            yield from _messages(one, inner)
    elif isinstance(told, list):
        for one in told:
            yield from _messages(one, path)
