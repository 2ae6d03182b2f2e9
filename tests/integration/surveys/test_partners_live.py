"""Two nights of both surveys in one home: the second one's alerts say which object of the other survey is theirs.

The pairs are those of the synthetic packets with truth, and the second night is the first, a day later.
"""

import csv
import io
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import pytest
from pyspark.sql import SparkSession

from fink_lib.avro.schema import resolved
from fink_lib.filters.base import topic_of
from fink_lib.filters.users.store import record
from fink_lib.lake.tables.partner import PARTNER_NAMES
from fink_lib.surveys import Survey, get_survey
from fink_lib.surveys.checks import decode
from tests.builders.served_home import later as later_of_ztf
from tests.integration.client.finkctl import finkctl, register
from tests.integration.client.test_finkctl_stream import saved_alerts
from tests.integration.surveys.user_filter import every_alert
from tests.integration.surveys.whole_night import Broker
from tests.unit.surveys.lsst_messages import wire

pytestmark = [
    pytest.mark.spark,
    pytest.mark.kafka,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # pyspark's sockets
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # Great Expectations' own idioms
]
RADIUS_ARCSEC = 2.0
NAMES = {"ztf": "ztf_objectId", "lsst": "lsst_diaObjectId"}
OTHER = {"ztf": "lsst", "lsst": "ztf"}
KEYS = {"ztf": "candid", "lsst": "diaSourceId"}
PAIRED = {"ztf": 12, "lsst": 9}  # thrice two of ZTF lie about one of Rubin
Truth = list[dict[str, str]]


def later_of_lsst(packet: dict[str, Any], days: int) -> dict[str, Any]:
    """Return a packet as if it had been taken some days later, with an id of its own."""
    moved = deepcopy(packet)
    source = moved["diaSource"]
    source |= {"diaSourceId": source["diaSourceId"] + days, "midpointMjdTai": source["midpointMjdTai"] + days}
    return {**moved, "diaSourceId": source["diaSourceId"]}


LATER = {"ztf": later_of_ztf, "lsst": later_of_lsst}


def a_day_later(message: bytes, survey: Survey) -> bytes:
    """Return a message with its packet of the next night, under the same schema."""
    datum = survey.framing.unwrap(message)
    schema, out = datum.schema, io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(resolved(schema)), LATER[survey.name](decode(datum), 1))
    return survey.framing.wrap(schema, out.getvalue())


@dataclass(frozen=True)
class Nights:
    """Both brokers, and what was true."""

    truth: Truth
    brokers: dict[str, Broker]

    def partners(self, survey: str) -> dict[str, tuple[str, float, bool]]:
        """Return the nearest object of the other survey within the radius, of each object that has one.

        Four of the packets of Rubin are dipoles, which the cuts leave out: these are no objects.
        """
        there = {name: {row["object_id"] for row in self.alerts(name)[0]} for name in NAMES}
        rows = [row for row in self.truth if all(row[NAMES[name]] in ids for name, ids in there.items())]
        found: dict[str, tuple[str, float, bool]] = {}
        for row in sorted(rows, key=lambda one: -float(one["sep_arcsec"])):  # the nearest last
            if float(row["sep_arcsec"]) <= RADIUS_ARCSEC:
                several = row["case"].startswith("ambiguous")
                found[row[NAMES[survey]]] = (row[NAMES[OTHER[survey]]], float(row["sep_arcsec"]), several)
        return found

    def alerts(self, survey: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return silver of the first and of the second night."""
        rows = self.brokers[survey].rows("silver", "alerts")
        first, second = sorted({row["night"] for row in rows})
        return [row for row in rows if row["night"] == first], [row for row in rows if row["night"] == second]


def packets_of(shared: Path, truth: Truth, survey: str) -> dict[str, bytes]:
    """Return the messages of a survey that the truth tells of, by file."""
    wanted = {row[f"{survey}_file"] for row in truth}
    if survey == "lsst":
        return {f"{stem}.bin": message for stem, message in wire(shared) if f"{stem}.bin" in wanted}
    return {name: (shared / "cross" / "synthetic_ztf_pairs" / name).read_bytes() for name in wanted}


def play_both(brokers: dict[str, Broker], folder: Path, packets: dict[str, dict[str, bytes]]) -> None:
    """Play packets of both surveys, take them through the streams, and close their nights."""
    for survey, broker in brokers.items():
        place = folder / survey
        place.mkdir(parents=True)
        for name, message in packets[survey].items():
            (place / name).write_bytes(message)
        assert broker.play(place).sent == len(packets[survey])
        broker.catch_up()
    for broker in brokers.values():
        nights = {row["night"] for row in broker.rows("bronze", "alerts", "night")} - set(broker.closed)
        broker.close(sorted(nights))


@pytest.fixture(scope="module")
def nights(
    spark: SparkSession, own_kafka: str, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nights]:
    folder = tmp_path_factory.mktemp("partners")
    with (shared_data / "cross" / "synthetic_ztf_pairs" / "truth.csv").open(newline="") as file:
        truth = list(csv.DictReader(file))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FINK_LSST_SCHEMAS", str(shared_data / "schemas" / "lsst"))
        brokers = {survey: Broker.of(survey, spark, own_kafka, folder / "home") for survey in NAMES}
        for survey, broker in brokers.items():
            for event in every_alert(survey):
                record(broker.settings.lake, event)
        first = {survey: packets_of(shared_data, truth, survey) for survey in NAMES}
        play_both(brokers, folder / "first", first)
        second = {
            survey: {name: a_day_later(message, get_survey(survey)) for name, message in of.items()}
            for survey, of in first.items()
        }
        play_both(brokers, folder / "second", second)
        yield Nights(truth, brokers)


@pytest.mark.parametrize("survey", NAMES)
def test_silver_of_the_second_night_names_every_partner_of_the_truth(nights: Nights, survey: str) -> None:
    first, second = nights.alerts(survey)
    assert {row["object_id"] for row in first} == {row["object_id"] for row in second}
    assert {row["partner_id"] for row in first} == {None}  # nothing was paired yet
    expected = nights.partners(survey)
    assert len(expected) == PAIRED[survey]
    told = {row["object_id"]: row for row in second}
    assert {name for name, row in told.items() if row["partner_id"] is not None} == set(expected)
    for name, (partner, separation, several) in expected.items():
        row = told[name]
        assert (row["partner_survey"], row["partner_id"]) == (OTHER[survey], partner)
        assert row["partner_sep_arcsec"] == pytest.approx(separation, abs=0.001)
        assert row["partner_ambiguous"] is several
        assert 0.0 < row["partner_chance"] < 1e-3
        assert row["partner_tables"].startswith("gold__object_pairs ")


@pytest.mark.parametrize("survey", NAMES)
def test_a_subscriber_reads_the_partner_that_silver_names(
    nights: Nights, own_kafka: str, tmp_path: Path, survey: str
) -> None:
    first, second = nights.alerts(survey)
    topic = topic_of("everything", survey)
    register(tmp_path / "home", own_kafka, [topic], survey=survey)
    limits = ["-limit", str(len(first) + len(second)), "-outdir", tmp_path / "saved", "--save"]
    finkctl(tmp_path / "home", "stream", "-survey", survey, *limits)
    saved = {alert[KEYS[survey]]: alert for alert in saved_alerts(tmp_path / "saved")}
    assert len(saved) == len(first) + len(second)
    for row in (*first, *second):
        assert {name: saved[row["alert_id"]][name] for name in PARTNER_NAMES} == {
            name: row[name] for name in PARTNER_NAMES
        }
    assert sum(alert["partner_id"] is not None for alert in saved.values()) == PAIRED[survey]
