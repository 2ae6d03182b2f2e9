"""DataLink by pyvo: from a table of alerts to their packets and cutouts, nothing of what may not be seen."""

import io
from typing import Any

import fastavro
import httpx
import pyvo
from astropy.io.votable import parse
from vo_server import SECRET, Served

from fink_lib.render.cutouts import read_stamp

QUERY = "SELECT TOP 2 alert_id, ra, dec FROM ztf.sources ORDER BY alert_id"


def of_kind(links: Any, word: str) -> list[Any]:
    """Return links by their word; pyvo's own way fetches the vocabulary first."""
    return [one for one in links if one["semantics"] == word]


def test_from_a_query_to_the_packets(served: Served) -> None:
    found = pyvo.dal.TAPService(f"{served.url}/tap").run_sync(QUERY)
    by_id = {one["candid"]: one for one in served.public}
    seen = 0
    for row, links in zip(found, found.iter_datalinks(preserve_order=True), strict=True):
        packet = by_id[row["alert_id"]]
        (this,) = of_kind(links, "#this")
        content = httpx.get(this["access_url"]).content
        assert len(content) == this["content_length"]
        (read,) = fastavro.reader(io.BytesIO(content))
        shown = [one for one in packet["prv_candidates"] or [] if one["programid"] == 1]
        assert read["candidate"].items() >= packet["candidate"].items(), "its schema may have further fields"
        assert len(read["prv_candidates"] or []) == len(shown)
        images = of_kind(links, "#auxiliary")
        assert {one["local_semantics"] for one in images} == {"cutout-science", "cutout-template", "cutout-difference"}
        assert read_stamp(httpx.get(images[0]["access_url"]).content).shape == (63, 63)
        assert httpx.get(of_kind(links, "#preview-image")[0]["access_url"]).content[:4] == b"\x89PNG"
        seen += 1
    assert seen == 2


def test_a_cone_leads_there_too(served: Served) -> None:
    first = served.public[0]["candidate"]
    place = first["ra"], first["dec"]
    found = pyvo.conesearch(f"{served.url}/scs/ztf/sources", pos=place, radius=1 / 3600, verbosity=1)
    links = next(found.iter_datalinks())
    assert next(iter(links))["ID"] == str(found["id"][0])


def test_what_may_not_be_seen_is_not_there(served: Served) -> None:
    known = served.public[0]["candid"]
    answer = httpx.get(f"{served.url}/datalink/ztf/links", params=[("ID", SECRET), ("id", "x"), ("ID", known)])
    assert answer.headers["content-type"].endswith("content=datalink")
    table = parse(io.BytesIO(answer.content), verify="exception").get_first_table().to_table()
    told = dict(zip(table["ID"], table["error_message"], strict=True))
    assert told[str(SECRET)] == f"NotFoundFault: there is no alert '{SECRET}'"
    assert told["x"] == "NotFoundFault: there is no alert 'x'"
    assert sum(table["ID"] == str(known)) == 7
    for name in (SECRET, "x", "-1", 2**70):
        assert httpx.get(f"{served.url}/datalink/ztf/packet", params={"ID": name}).status_code == 404
    assert "#links-1.1" in httpx.get(f"{served.url}/datalink/ztf/capabilities").text
