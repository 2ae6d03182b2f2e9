"""Real alerts against a real catalogue: the nightly match says what the stream's own match said."""

from fink_lib import lake
from fink_lib.catalogs.refresh import refresh
from fink_lib.config import Settings
from fink_lib.nightly import crossmatch
from fink_lib.nightly.job import NightContext
from fink_lib.science.framework.base import NO_MATCH
from fink_lib.simulator.sample import sample_of
from fink_lib.surveys import ZTF
from tests.builders.packet_rows import sample_packets
from tests.unit.lake.real_lake import write_silver


def test_the_night_is_matched_with_gcvs_as_the_stream_did(settings: Settings) -> None:
    write_silver(settings.lake, sample_packets(320), settings.cache)
    (loaded,) = refresh(settings, ["gcvs"])
    assert (loaded.version.rows, loaded.version.source_version) == (59_099, "fink-science 7.4.0")
    context = NightContext(settings, ZTF, sample_of(ZTF).night, "run-1")
    (told,) = crossmatch.run(context, lambda _: []).result["catalogs"]
    silver = lake.read("silver", "ztf", night=sample_of(ZTF).night, columns=["alert_id", "gcvs"], lake=settings.lake)
    streamed = {row["alert_id"]: row["gcvs"] for row in silver.to_pylist() if row["gcvs"] != NO_MATCH}
    matched = lake.read("gold", "ztf", "crossmatch", night=sample_of(ZTF).night, lake=settings.lake).to_pylist()
    assert len(streamed) > 20
    assert {row["alert_id"]: row["label"] for row in matched} == streamed
    assert (told["alerts"], told["matches"]) == (silver.num_rows, len(streamed))
