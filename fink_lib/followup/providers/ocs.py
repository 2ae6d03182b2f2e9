"""Request groups of the Observatory Control System, which LCO and the telescopes of AEON (SOAR, Gemini, Blanco) take.

Shapes: https://observatorycontrolsystem.github.io/api/observation_portal/.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import httpx

from fink_lib.followup.providers.base import Answer
from fink_lib.followup.providers.http import LONGEST_ANSWER, TIMEOUT_S, lost, refusal
from fink_lib.followup.states import State

STATES: Mapping[str, State | None] = {
    "PENDING": None,
    "COMPLETED": State.COMPLETED,
    "WINDOW_EXPIRED": State.EXPIRED,
    "FAILURE_LIMIT_REACHED": State.FAILED,
    "CANCELED": State.CANCELLED,
}
SPECTRUM, EXPOSURE = "SPECTRUM", "EXPOSE"


class Ocs:
    """A facility that takes request groups.

    Parameters
    ----------
    address
        Of the portal, without ``/api``.
    token
        Key of the account there.
    proposal
        Whose time is used.
    timeout_s
        How long an answer may take.
    """

    can_find = True

    def __init__(self, address: str, token: str, proposal: str, timeout_s: float = TIMEOUT_S) -> None:
        self._address, self._proposal = address.rstrip("/"), proposal
        headers = {"Authorization": f"Token {token}", "Accept": "application/json"}
        self._client = httpx.Client(timeout=timeout_s, headers=headers, follow_redirects=False, trust_env=False)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def payload(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return a request group of one request with one configuration."""
        body = request["body"]
        asked = body["observation"]
        return {
            "name": f"fink-{body['request_key']}",
            "proposal": self._proposal,
            "ipp_value": asked.get("ipp_value", 1.0),
            "operator": "SINGLE",
            "observation_type": asked.get("observation_type", "NORMAL"),
            "requests": [
                {
                    "configurations": [_configuration(request, asked)],
                    "windows": [{"start": asked["start"], "end": asked["end"]}],
                    "location": {"telescope_class": asked.get("telescope_class", "1m0")},
                }
            ],
        }

    def submit(self, payload: Mapping[str, Any]) -> Answer:
        """Ask the facility to judge a request group, then to take it."""
        try:
            judged = self._client.post(f"{self._address}/api/requestgroups/validate/", json=payload)
        except httpx.HTTPError as error:  # a question is asked again: it takes nothing
            return Answer(State.DELAYED, "", f"{type(error).__name__}: {error}"[:500], wait_s=1.0)
        if not judged.is_success:
            told = refusal(judged, dt.datetime.now(dt.UTC))
            return told if told.state is not State.UNCERTAIN else _delayed(told)
        if (judged.json() or {}).get("errors"):
            reason = f"not valid: {judged.json()['errors']}"[:500]
            return Answer(State.REFUSED, "", reason, judged.content[:LONGEST_ANSWER], judged.status_code)
        try:
            answer = self._client.post(f"{self._address}/api/requestgroups/", json=payload)
        except httpx.HTTPError as error:
            return lost(error)
        if not answer.is_success:
            return refusal(answer, dt.datetime.now(dt.UTC))
        content = answer.content[:LONGEST_ANSWER]
        return Answer(State.SUBMITTED, str(answer.json()["id"]), "taken", content, answer.status_code)

    def find(self, payload: Mapping[str, Any]) -> Answer | None:
        """Look for a request group by its name."""
        name = payload["name"]
        answer = self._client.get(f"{self._address}/api/requestgroups/", params={"name": name})
        answer.raise_for_status()
        for one in answer.json()["results"]:
            if one["name"] == name:
                return Answer(State.SUBMITTED, str(one["id"]), "found there", answer.content, answer.status_code)
        return None

    def poll(self, external_id: str) -> Answer:
        """Ask how a request group stands; what was observed is told once it is complete."""
        answer = self._client.get(f"{self._address}/api/requestgroups/{external_id}/")
        if not answer.is_success:
            return Answer(None, external_id, f"answered {answer.status_code}", answer.content, answer.status_code)
        facts = answer.json()
        state = STATES.get(facts["state"])
        results = self._results(facts) if state is State.COMPLETED else ()
        return Answer(state, external_id, facts["state"], answer.content[:LONGEST_ANSWER], 200, results=results)

    def cancel(self, external_id: str) -> Answer:
        """Take a request group back."""
        answer = self._client.post(f"{self._address}/api/requestgroups/{external_id}/cancel/")
        state = State.CANCELLED if answer.is_success else None
        return Answer(state, external_id, f"answered {answer.status_code}", answer.content, answer.status_code)

    def _results(self, facts: Mapping[str, Any]) -> tuple[str, ...]:
        found = []
        for one in facts["requests"]:
            answer = self._client.get(f"{self._address}/api/requests/{one['id']}/observations/")
            rows = answer.json() if answer.is_success else []
            done = [each for each in rows if each["state"] == "COMPLETED"]
            found += [f"{self._address}/api/observations/{each['id']}/" for each in done]
        return tuple(found)


def _delayed(answer: Answer) -> Answer:
    """Return the answer to a question that was not answered: it is asked again."""
    return Answer(State.DELAYED, "", answer.reason, answer.content, answer.status_code, 1.0)


def _configuration(request: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    exposure = {
        "exposure_time": asked["exposure_s"],
        "exposure_count": asked.get("exposures", 1),
        "optical_elements": asked.get("optical_elements", {"filter": asked.get("filter", "rp")}),
    }
    return {
        "type": SPECTRUM if asked.get("spectrum") else EXPOSURE,
        "instrument_type": asked["instrument_type"],
        "target": {
            "type": "ICRS",
            "name": request["object_id"],
            "ra": request["ra"],
            "dec": request["dec"],
            "epoch": 2000.0,
        },
        "constraints": {
            "max_airmass": asked.get("max_airmass", 2.0),
            "min_lunar_distance": asked.get("min_moon_deg", 30.0),
        },
        "acquisition_config": {"mode": "WCS" if asked.get("spectrum") else "OFF"},
        "guiding_config": {"mode": "ON", "optional": not asked.get("spectrum")},
        "instrument_configs": [exposure],
    }
