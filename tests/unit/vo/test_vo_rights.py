"""Rows that are for few: the VO services show them to whom the API shows them, and to nobody else."""

import io
from typing import Any

import httpx
import pytest
from astropy.io.votable import parse
from vo_server import SECRET, Served

from fink_lib.accounts import people, tokens
from fink_lib.accounts.store import Store

RIGHT = "ztf:caltech"
QUERY = f"SELECT alert_id FROM ztf.sources WHERE alert_id = {SECRET}"  # noqa: S608
WAYS = {
    "tap": ("tap/sync", {"QUERY": QUERY}),
    "objects": ("tap/sync", {"QUERY": "SELECT object_id FROM ztf.objects WHERE object_id = 'ZTF21secrets'"}),
    "scs": ("scs/ztf/sources", {"RA": 10, "DEC": 20, "SR": 180}),
}


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    store = Store(served.settings.home)
    people.add(store, "ada")
    people.grant(store, people.PERSON, "ada", RIGHT)
    return tokens.add(store, "ada", "notebook", days=1, rights=[RIGHT])


def found(served: Served, way: str, token: str) -> set[str]:
    route, asked = WAYS[way]
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.get(f"{served.url}/{route}", params=asked, headers=headers, timeout=60)
    rows: Any = parse(io.BytesIO(answer.content)).get_first_table().to_table()
    return {str(one) for one in rows[rows.colnames[0]]} & {str(SECRET), "ZTF21secrets"}


@pytest.mark.parametrize("way", WAYS)
def test_who_has_the_right_sees_the_row_and_nobody_else(served: Served, token: str, way: str) -> None:
    assert found(served, way, "") == set()
    assert len(found(served, way, token)) == 1
    assert found(served, way, "") == set()


def test_links_too(served: Served, token: str) -> None:
    url, asked = f"{served.url}/datalink/ztf/packet", {"ID": SECRET}
    assert httpx.get(url, params=asked).status_code == 404
    assert httpx.get(url, params=asked, headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_job_is_of_public_rows(served: Served, token: str) -> None:
    """Whoever knows a job's name may read its rows, so that it has none that are for few."""
    made = httpx.post(f"{served.url}/tap/async", data={"QUERY": QUERY, "PHASE": "RUN"},
                      headers={"Authorization": f"Bearer {token}"})  # fmt: skip
    url = made.headers["location"]
    phase = httpx.get(url, params={"WAIT": 60, "PHASE": "QUEUED"}, timeout=90).text
    while "QUEUED" in phase or "EXECUTING" in phase:
        phase = httpx.get(url, params={"WAIT": 60, "PHASE": "EXECUTING"}, timeout=90).text
    rows = parse(io.BytesIO(httpx.get(f"{url}/results/result").content)).get_first_table().array
    assert len(rows) == 0
