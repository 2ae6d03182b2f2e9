"""The few calls of Airflow's REST API that the command line makes."""

import time
from http import HTTPStatus
from typing import Any, Self

import httpx

from fink_lib.errors import HostError

REQUEST_TIMEOUT_S = 30.0
PAGE = 100
POLL_S = 1.0
BUSY_TRIES = 5
REPEATABLE = frozenset({"GET", "PATCH"})

Record = dict[str, Any]


class AirflowApi:
    """A logged-in session with one Airflow.

    Parameters
    ----------
    base_url
        ``http://127.0.0.1:port``
    user, password
        A login of the simple auth manager.
    """

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self.base_url = base_url
        self.user = user
        self.password = password
        # Proxies of the environment are for the outer world, not for the loopback interface.
        self.client = httpx.Client(base_url=base_url, timeout=REQUEST_TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def unhealthy_parts(self) -> list[str]:
        """Return the parts of Airflow that are not healthy; needs no login.

        Raises
        ------
        httpx.HTTPError
            When nothing answers.
        """
        answer = self.client.get("/api/v2/monitor/health")
        answer.raise_for_status()
        parts = answer.json()
        needed = ("metadatabase", "scheduler", "triggerer", "dag_processor")
        return [name for name in needed if (parts.get(name) or {}).get("status") != "healthy"]

    def ensure_pool(self, name: str, slots: int, description: str, *, include_deferred: bool) -> None:
        """Create a pool, or give it these values.

        Parameters
        ----------
        name
            Of the pool.
        slots
            How many tasks it lets run at once.
        description
            What people read of it.
        include_deferred
            Whether a deferred task keeps its slot.

        Raises
        ------
        HostError
            When Airflow does not answer, or refuses.
        """
        body = {"slots": slots, "description": description, "include_deferred": include_deferred}
        answer = self._again("POST", "/pools", accept=(HTTPStatus.CONFLICT,), json={"name": name, **body})
        if answer.status_code == HTTPStatus.CONFLICT:
            self._request("PATCH", f"/pools/{name}", json={"pool": name, **body})

    def import_errors(self) -> list[str]:
        """Return ``file: last line`` of each DAG file that cannot be imported."""
        errors = self._request("GET", "/importErrors").json()["import_errors"]
        return [f"{each['filename']}: {each['stack_trace'].strip().splitlines()[-1]}" for each in errors]

    def dags(self) -> list[Record]:
        """Return every DAG that was parsed."""
        return self._records("/dags", "dags")

    def wait_for_dag(self, dag_id: str, timeout_s: float = 120.0) -> None:
        """Wait until the DAG was parsed.

        Parameters
        ----------
        dag_id
            Name of the DAG.
        timeout_s
            Seconds to wait at the most; it is asked once a second.

        Raises
        ------
        HostError
            When it was not within the time; names the import errors.
        """
        deadline = time.monotonic() + timeout_s
        while self._request("GET", f"/dags/{dag_id}", accept=(HTTPStatus.NOT_FOUND,)).is_error:
            if time.monotonic() > deadline:
                why = "; ".join(self.import_errors()) or "its file reports no error"
                raise HostError(f"Airflow has no DAG '{dag_id}' after {timeout_s:.0f} s: {why}")
            time.sleep(POLL_S)

    def unpause(self, dag_id: str, timeout_s: float = 120.0) -> None:
        """Let a DAG run, waiting first until it was parsed.

        Parameters
        ----------
        dag_id
            Name of the DAG.
        timeout_s
            Seconds to wait for it to be parsed.

        Raises
        ------
        HostError
            When it was not parsed within the time, or Airflow refuses.
        """
        self.wait_for_dag(dag_id, timeout_s)
        self._request("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Start no further run of a DAG; what runs goes on."""
        self._request("PATCH", f"/dags/{dag_id}", json={"is_paused": True})

    def is_paused(self, dag_id: str) -> bool:
        """Tell whether a DAG is paused."""
        return bool(self._request("GET", f"/dags/{dag_id}").json()["is_paused"])

    def trigger(self, dag_id: str, conf: Record | None = None, run_id: str | None = None) -> str:
        """Start a run and return its id.

        Parameters
        ----------
        dag_id
            Name of the DAG.
        conf
            What the run is given; None for nothing.
        run_id
            Name of the run; None lets Airflow choose one.

        Raises
        ------
        HostError
            When Airflow does not answer, or refuses: there is such a run already, for example.
        """
        body = {"logical_date": None, "conf": conf or {}, "dag_run_id": run_id}
        return str(self._request("POST", f"/dags/{dag_id}/dagRuns", json=body).json()["dag_run_id"])

    def dag_runs(self, dag_id: str) -> list[Record]:
        """Return the runs of a DAG, newest first."""
        return self._records(f"/dags/{dag_id}/dagRuns", "dag_runs", order_by="-run_after")

    def backfills(self, dag_id: str) -> list[Record]:
        """Return the backfills of a DAG; one that has ended says when."""
        return self._records("/backfills", "backfills", dag_id=dag_id)

    def dag_run(self, dag_id: str, run_id: str) -> Record:
        """Return one run.

        Parameters
        ----------
        dag_id, run_id
            Names of the DAG and of its run.

        Raises
        ------
        HostError
            When there is no such run, or Airflow does not answer.
        """
        return dict(self._request("GET", f"/dags/{dag_id}/dagRuns/{run_id}").json())

    def task_instances(self, dag_id: str, run_id: str) -> list[Record]:
        """Return the tasks of a run with their states; ``~`` as run id means every run.

        Parameters
        ----------
        dag_id
            Name of the DAG.
        run_id
            Name of its run.
        """
        return self._records(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str, words: Record) -> None:
        """Answer the question that a task waits with.

        Parameters
        ----------
        dag_id, run_id, task_id
            Names of the DAG, its run and the task that waits.
        option
            The option that is chosen, as the question spells it.
        words
            Name → value of what its form asks for beside.

        Raises
        ------
        HostError
            When Airflow refuses: the task does not wait, or has no such option.
        """
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        self._request("PATCH", path, json={"chosen_options": [option], "params_input": words})

    def task_log(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        """Return the log of one try of a task as text.

        Parameters
        ----------
        dag_id, run_id, task_id
            Names of the DAG, its run and the task.
        try_number
            Which try; the first is 1.
        """
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        content = self._request("GET", path, params={"full_content": "true"}).json()["content"]
        return "\n".join(line.get("event", "") if isinstance(line, dict) else str(line) for line in content)

    def _records(self, path: str, key: str, **params: Any) -> list[Record]:
        found: list[Record] = []
        while True:
            page = self._request("GET", path, params={"limit": PAGE, "offset": len(found), **params}).json()
            found += page[key]
            if len(found) >= page["total_entries"] or not page[key]:
                return found

    def _again(self, method: str, path: str, accept: tuple[int, ...] = (), **options: Any) -> httpx.Response:
        """Make a request that may be repeated: SQLite, busy with a start, is locked for longer than Airflow waits."""
        for _ in range(BUSY_TRIES):
            answer = self._once(method, path, accept=(*accept, HTTPStatus.INTERNAL_SERVER_ERROR), **options)
            if answer.status_code != HTTPStatus.INTERNAL_SERVER_ERROR:
                return answer
            time.sleep(POLL_S)
        return self._once(method, path, accept=accept, **options)

    def _request(self, method: str, path: str, *, accept: tuple[int, ...] = (), **options: Any) -> httpx.Response:
        """Make a request, again and again where twice is no more than once."""
        make = self._again if method in REPEATABLE else self._once
        return make(method, path, accept=accept, **options)

    def _once(self, method: str, path: str, accept: tuple[int, ...] = (), **options: Any) -> httpx.Response:
        try:
            if "Authorization" not in self.client.headers:
                self._login()
            answer = self.client.request(method, f"/api/v2{path}", **options)
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                self._login()
                answer = self.client.request(method, f"/api/v2{path}", **options)
        except httpx.HTTPError as error:
            raise HostError(f"Airflow at {self.base_url} does not answer: {error}") from error
        if answer.is_error and answer.status_code not in accept:
            raise HostError(f"Airflow refused {method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer

    def _login(self) -> None:
        answer = self.client.post("/auth/token", json={"username": self.user, "password": self.password})
        if answer.is_error:
            raise HostError(
                f"Airflow at {self.base_url} does not accept the login of '{self.user}': {answer.text[:200]}"
            )
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
