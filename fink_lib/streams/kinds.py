"""The table of streams: of each kind its job, its checkpoint, what its workers import and what it depends on.

A new kind, of another source or beside a live one, is an entry here; nothing else lists kinds. Airflow supervises each
that has no label, by a DAG of its name; those with a label are started by people.
"""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from fink_lib.config.groups.kafka import KafkaSettings
from fink_lib.config.groups.nights import SubscriptionSettings
from fink_lib.config.groups.place import CatalogSettings, PlaceSettings
from fink_lib.config.groups.spark import DriverSettings, SparkSettings
from fink_lib.config.groups.storage import StorageSettings
from fink_lib.config.groups.streams import (
    DistributeSettings,
    EnrichSettings,
    IngestSettings,
    OutputSettings,
    ScienceSettings,
    TableSourceSettings,
)
from fink_lib.config.groups.web import NameSettings


class Stage(StrEnum):
    """The three streams of a survey, in the order that alerts pass them."""

    INGEST = "ingest"
    ENRICH = "enrich"
    DISTRIBUTE = "distribute"


@dataclass(frozen=True)
class StreamKind:
    """What all streams of one kind have in common.

    Attributes
    ----------
    stage
        What it does to alerts. The live stream of a stage is the kind of the same name.
    does
        The same in words, for people; begins in small letters.
    while_down
        What becomes of alerts while it does not run, in a sentence.
    job
        File of its driver in ``jobs/streaming``.
    checkpoint_version
        A checkpoint belongs to one meaning of a stream: raised when source, sink or state change meaning.
    preload
        Modules that its Python workers start with, by name: Spark ends workers after an idle minute.
    settings
        Groups of settings that its driver goes by, beside those of its survey: it is replaced when one changes.
    labelled
        True for a kind that runs beside the live one, any number of times, each under a label.
    """

    stage: Stage
    does: str
    while_down: str
    job: str
    checkpoint_version: int
    preload: tuple[str, ...]
    settings: tuple[type[BaseModel], ...]
    labelled: bool = False

    @property
    def fields(self) -> frozenset[str]:
        """Names of the settings of its groups."""
        return frozenset(name for group in self.settings for name in group.model_fields)


OF_EVERY_DRIVER = (PlaceSettings, StorageSettings, SparkSettings, DriverSettings)
OF_ENRICH = (*OF_EVERY_DRIVER, EnrichSettings, TableSourceSettings, CatalogSettings, ScienceSettings)
# The registry, which it imports, brings every science module, and the isolation of these what they compute with.
WORKERS_OF_ENRICH = ("fink_lib.enrich.work",)

KINDS: dict[str, StreamKind] = {
    "ingest": StreamKind(
        stage=Stage.INGEST,
        does="listens to the survey: Kafka → bronze, damaged messages → quarantine",
        while_down="Alerts wait in Kafka and are lost when the survey's retention ends: this stream is critical.",
        job="ingest.py",
        checkpoint_version=1,
        preload=("fink_lib.ingest.worker",),  # brings the compiled walk over the bytes of packets
        settings=(*OF_EVERY_DRIVER, IngestSettings, KafkaSettings),
    ),
    "enrich": StreamKind(
        stage=Stage.ENRICH,
        does="adds the science: bronze → silver, or rejected with every reason",
        while_down="Alerts wait in bronze: nothing is lost, everything after it is late.",
        job="enrich.py",
        checkpoint_version=2,
        preload=WORKERS_OF_ENRICH,
        settings=OF_ENRICH,
    ),
    "distribute": StreamKind(
        stage=Stage.DISTRIBUTE,
        does="sends alerts out: silver → the topics of the filters, each message noted in published",
        while_down="Alerts wait in silver: nothing is lost, subscribers get it late.",
        job="distribute.py",
        checkpoint_version=1,
        preload=("fink_lib.distribute.tasks", "fink_lib.filters.registry"),  # filters, packets, the client of Kafka
        settings=(
            *OF_EVERY_DRIVER,
            DistributeSettings,
            TableSourceSettings,
            KafkaSettings,
            OutputSettings,
            SubscriptionSettings,
            NameSettings,
        ),
    ),
    "shadow": StreamKind(
        stage=Stage.ENRICH,
        does="runs other code beside enrich: bronze → tables of its own",
        while_down="The live stream does not notice; there is less to compare.",
        job="shadow.py",
        checkpoint_version=2,
        preload=WORKERS_OF_ENRICH,
        settings=OF_ENRICH,
        labelled=True,
    ),
}


def supervised_kinds() -> tuple[str, ...]:
    """Return the kinds of which each survey has one stream, which always runs."""
    return tuple(name for name, kind in KINDS.items() if not kind.labelled)
