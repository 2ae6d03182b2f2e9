"""A board by what an observation would tell, counted by hand."""

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pytest

from fink_lib.api.http.community.worth import last_seen, tonight_of
from fink_lib.api.http.errors import Refused
from fink_lib.community.board import Candidate
from fink_lib.community.consensus import Consensus, Evidence
from fink_lib.followup.observability import Limits
from fink_lib.followup.ranking import Seen, Tonight, ranked
from fink_lib.followup.sites import SITES
from fink_lib.followup.value import Instrument
from fink_lib.lake.small import append_rows
from fink_lib.lake.tables import gold_sources
from fink_lib.surveys import get_survey

NOW = dt.datetime(2026, 1, 20, tzinfo=dt.UTC)
PERFECT = Instrument("perfect", 1.0, 20.0, 10.0, 10.0, 0.0)
TONIGHT = Tonight(PERFECT, SITES["siding-spring"], dt.date(2026, 1, 20), Limits())


def candidate(name: str, *thought: tuple[Evidence, dict[str, float]]) -> Candidate:
    found = tuple(Consensus(evidence, "fink/1", shares, {}, 2, None) for evidence, shares in thought)
    return Candidate("ztf", name, None, None, "inbox", 3, "f", "", "a", NOW, (), found, 0)


def test_the_most_telling_first() -> None:
    """At the zenith with magnitude 20: 20 minutes. A coin is a bit, 1 to 3 is 0.8113 bits, a certain class nothing."""
    coin = candidate("coin", (Evidence.HUMAN, {"SN Ia": 0.5, "AGN": 0.5}))
    third = candidate("third", (Evidence.HUMAN, {"SN Ia": 0.75, "AGN": 0.25}))
    known = candidate("known", (Evidence.SPECTROSCOPIC, {"SN Ia": 1.0}), (Evidence.HUMAN, {"SN Ia": 0.5, "AGN": 0.5}))
    low, dark, new = candidate("low", *()), candidate("dark"), candidate("new")
    up = Seen(120.0, SITES["siding-spring"].latitude_deg, 20.0)
    seen = {("ztf", one): up for one in ("coin", "third", "known", "new")} | {("ztf", "low"): Seen(120.0, 80.0, 18.0)}
    found = ranked([dark, known, low, third, coin, new], seen, TONIGHT)
    assert [one.object_id for one, _ in found] == ["coin", "new", "third", "dark", "known", "low"]
    told = {one.object_id: value for one, value in found}
    assert told["coin"].bits_per_minute == pytest.approx(0.05, rel=1e-6)
    assert told["third"].bits_per_minute == pytest.approx(0.811278 / 20, rel=1e-5)
    assert told["known"].bits_per_minute == 0.0
    assert told["known"].why[-1] == "what is thought is spectroscopic"
    assert told["low"].why[-2] == "it stays above an airmass of 2 while it is dark"
    assert "its brightness is not known" in told["dark"].why


def test_how_an_object_was_seen_last(tmp_path: Path) -> None:
    spec = gold_sources("ztf", pa.schema([pa.field("magpsf", pa.float64())]))
    rows = [{"run": "r", "object_id": "ZTF26aaaaaaa", "time": 2.0 + n, "ra": 10.0 + n, "dec": 5.0, "magpsf": mag}
            for n, mag in enumerate((18.5, 18.0, None))]  # fmt: skip
    append_rows(spec, tmp_path, rows)
    found = last_seen(tmp_path, get_survey("ztf"), ["ZTF26aaaaaaa", "ZTF26aaaaaab"])
    assert found == {"ZTF26aaaaaaa": Seen(12.0, 5.0, 18.0)}
    assert last_seen(tmp_path / "none", get_survey("ztf"), ["ZTF26aaaaaaa"]) == {}


def test_what_is_no_observation() -> None:
    assert tonight_of({"night": "2026-01-20"}).night == dt.date(2026, 1, 20)
    for wrong in ({"instrument": "eye"}, {"night": "soon"}):
        with pytest.raises(Refused):
            tonight_of(wrong)
