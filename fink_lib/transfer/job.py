"""Writes a transfer: plan and quota first, then night by night what does not stand on the topic yet, then the seal."""

import datetime as dt
import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from fink_lib import __version__
from fink_lib.config import Settings
from fink_lib.contracts.transfer import FORMAT, TransferManifest
from fink_lib.distribute.leaving import Leaving, chosen_fields, whole_alert
from fink_lib.distribute.match import Match, paths_of
from fink_lib.distribute.reencoded import Reencoded
from fink_lib.errors import ConfigError
from fink_lib.files import JsonObject, replace_text, to_json
from fink_lib.kafka.message import Facts
from fink_lib.lake.on_disk import dataset_of
from fink_lib.lake.reading import open_table
from fink_lib.lake.spark.table import read_table
from fink_lib.science.framework.silver import silver_spec
from fink_lib.streams.drain import delta_version, rows_by_night
from fink_lib.surveys import Survey, get_survey
from fink_lib.transfer.early import require_nights
from fink_lib.transfer.kept import folder_of, forget, keep, kept, sole_sender
from fink_lib.transfer.request import Content, TransferRequest
from fink_lib.transfer.selection import Chooser, chooser
from fink_lib.transfer.topic import is_restricted, is_spent, seal, sender_of, standing_ids

logger = logging.getLogger(__name__)

ALERTS_AT_ONCE = 4000  # what silver says of them is in memory together
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Transfer:
    """A request bound to the tables, as they were when it was bound.

    Attributes
    ----------
    request
        What is asked.
    settings, session, survey
        Where.
    silver
        The alerts, at one version.
    version
        Of silver.
    chosen
        How alerts are chosen.
    """

    request: TransferRequest
    settings: Settings
    session: SparkSession
    survey: Survey
    silver: DataFrame
    version: int
    chosen: Chooser

    def nights(self) -> list[dt.date]:
        """Return the nights of the request that silver holds at its version, oldest first."""
        there = rows_by_night(silver_spec(self.survey).path(self.settings.lake), self.version)
        nights = sorted(dt.date.fromisoformat(night) for night in there)
        return [night for night in nights if self.request.first_night <= night <= self.request.last_night]

    def matches(self, night: dt.date, most: int) -> list[Match]:
        """Return the alerts of a night that are asked for; not many more than `most` of them.

        Parameters
        ----------
        night
            One that silver holds.
        most
            How many are enough.
        """
        return self.chosen.choose(self.silver, self.survey, night, most)

    def fields(self, silver: pa.Schema) -> list[Leaving]:
        """Return what leaves of an alert.

        Parameters
        ----------
        silver
            Columns of the table at its version.
        """
        if self.request.content is Content.COLUMNS:
            return chosen_fields(silver, self.request.columns)
        return whole_alert(silver, self.survey, cutouts=self.request.cutouts)


def run(session: SparkSession, settings: Settings, asked: JsonObject) -> JsonObject:
    """Plan or send a transfer; the answer has the lines that its reader should know.

    Parameters
    ----------
    session
        Which does the work.
    settings
        Of the broker.
    asked
        ``transfer``, the request as JSON, and ``only_plan``: true sends nothing.
    """
    request = TransferRequest.from_json(asked["transfer"])
    bound = bind(session, settings, request)
    if asked["only_plan"]:
        counts = {night: len(matches) for night, matches in plan(bound).items()}
        nights = ", ".join(f"{night}: {count}" for night, count in counts.items())
        lines = [f"{sum(counts.values())} alerts would be sent to {request.topic} ({nights})"]
        return {"lines": lines, "topic": request.topic, "rows_by_night": counts}
    manifest = json.loads(send(bound).read_text(encoding="utf-8"))
    # Named as the job named it: the date in a topic's name is that of the first try.
    topic, schema_topic = manifest["topic"], manifest["schema_topic"]
    how = manifest["command"]
    if is_restricted(settings, request):
        how = f"only users with a grant may read it, finkctl cannot: fink kafka grant USER {topic} {schema_topic}"
    return {**manifest, "lines": [f"{manifest['rows']} alerts stand on {topic}, sealed", how], "command": how}


def bind(session: SparkSession, settings: Settings, request: TransferRequest) -> Transfer:
    """Read a request against the tables; nothing is sent, and nothing kept.

    A request that was sent before is bound to the version of silver that the first run read.

    Parameters
    ----------
    session
        Which does the work.
    settings
        Of the broker.
    request
        What is asked; one that was sent before goes on as it was first sent.

    Raises
    ------
    ConfigError
        Naming what is not there or not allowed.
    """
    survey = get_survey(request.survey)
    spec = silver_spec(survey)
    request, version = kept(settings, request) or (request, delta_version(spec.path(settings.lake)))
    if version < 0:
        raise ConfigError(f"the lake has no {spec.full_name}: nothing can be transferred")
    silver = read_table(spec, session, settings.lake, version)
    unknown = sorted(set(request.columns) - paths_of(silver.schema))
    if unknown:
        raise ConfigError(f"silver has no column '{unknown[0]}': `fink filters columns` lists what there is")
    bound = Transfer(request, settings, session, survey, silver, version, chooser(request, silver, settings.lake))
    require_nights(survey, request, {night.isoformat() for night in bound.nights()})
    return bound


def plan(bound: Transfer) -> dict[str, list[Match]]:
    """Return what a transfer sends, by night; a night that passes the quota is the last one read.

    Raises
    ------
    ConfigError
        When it selects nothing, or more than the quota.
    """
    left = quota = bound.settings.transfer_quota
    chosen: dict[str, list[Match]] = {}
    for night in bound.nights():
        chosen[night.isoformat()] = found = bound.matches(night, left)
        left -= len(found)
        if left < 0:
            raise ConfigError(
                f"more than FINK_TRANSFER_QUOTA = {quota} alerts are selected up to {night}: ask for fewer nights"
            )
    if left == quota:
        raise ConfigError(f"no public alert of {', '.join(chosen)} is selected: nothing to transfer")
    return chosen


def send(bound: Transfer) -> Path:
    """Send what does not stand on the topic yet, seal it, and return the manifest.

    Raises
    ------
    LeaseHeld
        When another process sends it now.
    """
    with sole_sender(bound.settings, bound.request):
        return _send(_renewed(bound))


def _renewed(bound: Transfer) -> Transfer:
    """Return the transfer as it can still be sent: anew, under the date of today, once Kafka deletes its topic.

    Raises
    ------
    ConfigError
        When the topic of today itself is spent.
    """
    request, settings = bound.request, bound.settings
    if not is_spent(settings, request):
        return bind(bound.session, settings, request)  # another process may have sent it since
    today = request.asked_on(dt.datetime.now(dt.UTC).date())
    if today.topic == request.topic:
        raise ConfigError(f"Kafka has deleted a part of {request.topic} already: take another name for the transfer")
    logger.info("transfer topic=%s is past its retention, begins anew as topic=%s", request.topic, today.topic)
    forget(settings, request)
    return bind(bound.session, settings, today)


def _send(bound: Transfer) -> Path:
    packets = packets_of(bound)
    chosen = plan(bound)
    keep(bound.settings, bound.request, bound.version)
    total, there = sum(map(len, chosen.values())), standing_ids(bound.settings, bound.request)
    logger.info("transfer topic=%s alerts=%d there=%d", bound.request.topic, total, len(there))
    with closing(sender_of(bound.settings)) as sender:
        done = len(there)
        for part in _parts(chosen, there):
            by_key = {one.key: one for one in part}
            for values in packets.encode(part):
                for key, value in values.items():
                    sender.send(bound.request.topic, b"", value, _facts(by_key[key], bound.request))
                done += len(sender.delivered())
                logger.info("transfer topic=%s sent=%d of=%d", bound.request.topic, done, total)
    seal(bound.settings, bound.request, packets.key, total)
    return _manifest(bound, {night: len(matches) for night, matches in chosen.items()})


def packets_of(bound: Transfer) -> Reencoded:
    """Return what encodes the alerts of a transfer, as silver had them when it was bound."""
    lake, spec = bound.settings.lake, silver_spec(bound.survey)
    silver = dataset_of(open_table(lake, spec.full_name, bound.version)).schema
    return Reencoded(lake, bound.survey, silver, bound.fields(silver), bound.version)


def _parts(chosen: Mapping[str, Sequence[Match]], there: Collection[int]) -> Iterator[list[Match]]:
    """Yield what is still to be sent, night by night."""
    for matches in chosen.values():
        due = [one for one in matches if one.alert_id not in there]
        for start in range(0, len(due), ALERTS_AT_ONCE):
            yield due[start : start + ALERTS_AT_ONCE]


def _facts(one: Match, request: TransferRequest) -> Facts:
    return Facts(
        night=one.night, alert_id=one.alert_id, object_id=one.object_id, filter=request.transfer_id,
        filter_version="transfer", kafka_time=one.kafka_time, ingest_time=one.ingest_time,
        enrich_time=one.enrich_time, code_version=__version__,
    )  # fmt: skip


def command_of(request: TransferRequest) -> str:
    """Return what its reader types; a folder of its own, since finkctl writes over files of earlier downloads."""
    return f"finkctl transfer -survey {request.survey} -topic {request.topic} -outdir {request.topic}"


def _manifest(bound: Transfer, counts: dict[str, int]) -> Path:
    request = bound.request
    facts = {
        **request.as_json(),
        "topic": request.topic,
        "schema_topic": request.schema_topic,
        "rows": sum(counts.values()),
        "rows_by_night": counts,
        "silver_version": bound.version,
        "code_version": __version__,
        "command": command_of(request),
        "format": FORMAT,
    }
    TransferManifest.of(facts)
    path = folder_of(bound.settings, request.transfer_id) / MANIFEST
    replace_text(path, to_json(facts))
    return path
