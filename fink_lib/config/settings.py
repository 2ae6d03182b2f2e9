"""One settings object, read once from the environment (prefix ``FINK_``) and passed on as an argument."""

from pathlib import Path
from typing import Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from fink_lib.config.connection import KafkaConnection
from fink_lib.config.groups.kafka import GcnSettings, KafkaSettings, LocalKafkaSettings, SurveysSettings
from fink_lib.config.groups.nights import (
    ClosingSettings,
    ReportSettings,
    RequestSettings,
    RetentionSettings,
    SubscriptionSettings,
)
from fink_lib.config.groups.place import CatalogSettings, PlaceSettings, SampleSettings
from fink_lib.config.groups.spark import BatchSettings, DriverSettings, JobServerSettings, SparkSettings
from fink_lib.config.groups.storage import StorageSettings
from fink_lib.config.groups.streams import (
    DistributeSettings,
    EnrichSettings,
    IngestSettings,
    OutputSettings,
    ScienceSettings,
    SupervisionSettings,
    TableSourceSettings,
)
from fink_lib.config.groups.web import ApiSettings, LoginSettings, NameSettings, ServiceSettings, UserJobSettings
from fink_lib.config.surveys import SurveySettings, SurveySource
from fink_lib.storage.paths import LakePath, in_store
from fink_lib.storage.store import DEFAULT_REGION, Store

# pydantic takes the fields of the last base first: read from below, this is the order of docker/env.example.


class Settings(
    RetentionSettings,
    RequestSettings,
    ReportSettings,
    SubscriptionSettings,
    ClosingSettings,
    OutputSettings,
    ScienceSettings,
    SupervisionSettings,
    TableSourceSettings,
    DistributeSettings,
    EnrichSettings,
    IngestSettings,
    JobServerSettings,
    BatchSettings,
    DriverSettings,
    SparkSettings,
    LoginSettings,
    NameSettings,
    UserJobSettings,
    ApiSettings,
    ServiceSettings,
    GcnSettings,
    LocalKafkaSettings,
    KafkaSettings,
    SurveysSettings,
    CatalogSettings,
    SampleSettings,
    StorageSettings,
    PlaceSettings,
    BaseSettings,
):
    """Everything that can be configured; each field names its environment variable by its own name.

    ``FINK_HOME`` sets ``home``, ``FINK_KAFKA_BOOTSTRAP`` sets ``kafka_bootstrap``, and so on. Fields stand in groups:
    what depends on some of them, as a stream does, names groups.
    """

    model_config = SettingsConfigDict(env_prefix="FINK_", frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - asked for by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what is given, then the environment, then its variables of single surveys.

        Parameters
        ----------
        settings_cls
            The class whose variables are looked for.
        init_settings, env_settings
            Sources that pydantic has made of the arguments and of the environment.
        dotenv_settings, file_secret_settings
            Not read.

        Returns
        -------
        The sources; what an earlier one gives goes before.
        """
        return init_settings, env_settings, SurveySource(settings_cls)

    @model_validator(mode="after")
    def _lake_has_a_store(self) -> Self:
        if self.lake_url and not self.has_object_store:
            raise ValueError(f"FINK_LAKE_URL is {self.lake_url}: set FINK_S3_ENDPOINT or FINK_S3_REGION too, its store")
        return self

    def at_home(self, home: Path) -> Self:
        """Return these settings for another home, whose lake lies in it: what works on a copy must not reach a store.

        Parameters
        ----------
        home
            Its folder.
        """
        return self.model_copy(update={"home": home, "lake_url": ""})

    def of_survey(self, survey: str) -> SurveySettings:
        """Return the settings of one survey."""
        return self.of_surveys.get(survey, SurveySettings())

    @property
    def kafka(self) -> KafkaConnection:
        """The broker's own Kafka: topics leave by it."""
        return KafkaConnection(self.kafka_bootstrap, self.kafka_security)

    @property
    def gcn(self) -> KafkaConnection:
        """The Kafka that notices of other messengers arrive on."""
        if self.gcn_bootstrap is None:
            return KafkaConnection(self.kafka_bootstrap, self.kafka_security, self.gcn_group_prefix)
        return KafkaConnection(self.gcn_bootstrap, self.gcn_security, self.gcn_group_prefix, "FINK_GCN")

    @property
    def lake(self) -> LakePath:
        """Root folder of the Delta tables; one that only works on a disk asks for it by `on_disk`."""
        return in_store(self.lake_url, self.store) if self.lake_url else self.home / "lake"

    @property
    def store(self) -> Store:
        """The object store that tables may lie in."""
        return Store(self.s3_endpoint, self.s3_region or DEFAULT_REGION, self.s3_path_style)

    @property
    def checkpoints(self) -> Path:
        """Root folder of the streams' checkpoints."""
        return self.home / "checkpoints"

    @property
    def has_object_store(self) -> bool:
        """Whether tables may lie in an object store."""
        return bool(self.s3_endpoint or self.s3_region)

    @property
    def streams(self) -> Path:
        """Folder with one sub-folder a stream: heartbeat, lease, stop marker, driver log."""
        return self.home / "streams"

    @property
    def nights(self) -> Path:
        """Folder with one sub-folder a survey and night: step results, manifest, report."""
        return self.home / "nights"

    @property
    def spark_jars(self) -> Path:
        """Folder of the pinned jars that every Spark session loads."""
        return self.cache / "jars" / "spark"

    @property
    def built_jars(self) -> Path:
        """Folder of the jars compiled from our own Java, which every Spark session loads beside the pinned ones."""
        return self.cache / "jars" / "built"

    @property
    def s3_jars(self) -> Path:
        """Folder of the pinned jars that a session loads for an object store."""
        return self.cache / "jars" / "s3"

    @property
    def class_archive(self) -> Path:
        """Spark's classes as the JVM keeps them, made once by `fink jars`; a JVM that finds it starts faster."""
        return self.cache / "jars" / "spark-classes.jsa"

    def night_dir(self, survey: str, night: str) -> Path:
        """Folder of one night's step results, manifest and report.

        Parameters
        ----------
        survey
            Its name.
        night
            YYYY-MM-DD.
        """
        return self.nights / survey / night
