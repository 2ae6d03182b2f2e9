"""One settings object, read once from the environment (prefix ``FINK_``) and passed on as an argument."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from fink_lib.config.connection import KafkaConnection
from fink_lib.config.surveys import SurveySettings, SurveySource

PROJECT_DIR = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Everything that can be configured; each field names its environment variable by its own name.

    ``FINK_HOME`` sets ``home``, ``FINK_KAFKA_BOOTSTRAP`` sets ``kafka_bootstrap``, and so on.
    """

    model_config = SettingsConfigDict(env_prefix="FINK_", frozen=True, extra="forbid")

    home: Path = Field(
        PROJECT_DIR / ".runtime" / "home", description="All state of one broker: lake, checkpoints, logs"
    )
    cache: Path = Field(
        PROJECT_DIR / ".runtime" / "cache", description="Pinned downloads shared by every home: jars, Kafka, samples"
    )
    project: Path = Field(PROJECT_DIR, description="The checkout that holds dags/ and jobs/")
    shared_data: Path | None = Field(
        None, description="A folder of extra real alerts, for tests alone; unset looks beside the project"
    )

    catalogs: Path | None = Field(
        None, description="Folder of catalogue files, <name>.parquet|csv|fits, over the packaged ones; unset has none"
    )

    tns_snapshot: Path | None = Field(
        None, description="Public objects of the Transient Name Server, .csv or .parquet; unset looks in FINK_CATALOGS"
    )

    surveys: str = Field("ztf", description="Surveys, with commas, whose alerts are listened to and passed on")
    of_surveys: dict[str, SurveySettings] = Field(
        default_factory=dict, description="Settings of single surveys, by name; from FINK_<SURVEY>_<SETTING>"
    )

    kafka_bootstrap: str = Field(
        "127.0.0.1:9092", description="Kafka that topics leave by, and that alerts arrive on unless a survey names one"
    )
    kafka_port: int = Field(
        9092, ge=0, le=65535, description="Port of the local broker started by `fink up`; 0 takes a free one"
    )
    kafka_users_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port of the local broker for users with a password; unset takes the one after FINK_KAFKA_PORT",
    )
    kafka_users_tls: Path | None = Field(
        None, description="PEM file with private key (PKCS 8) and certificates for that port; unset does not encrypt it"
    )
    kafka_security: dict[str, str] = Field(
        default_factory=dict,
        repr=False,  # it may hold a password
        description="Extra librdkafka settings as JSON (security.protocol, sasl.*, ssl.*)",
    )
    airflow_port: int = Field(
        8080, ge=0, le=65535, description="Port of the Airflow UI started by `fink up`; 0 takes a free one"
    )

    spark_master: str = Field("local[2]", description="local[n], spark://, yarn or k8s:// master of every job")
    stream_memory: str = Field("2g", description="Heap of one streaming driver")
    batch_memory: str = Field("2g", description="Heap of one nightly job")
    stream_java_options: str = Field(
        "-XX:+UseParallelGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
        description="Further options of a streaming driver's JVM; these are for two cores, see docs/operator.md",
    )
    batch_java_options: str = Field(
        "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m",
        description="Further options of a nightly job's JVM; empty suits nights of millions, jobs of minutes",
    )
    spark_codegen: bool = Field(
        False,
        description="Let Spark compile Java for a query and adapt its plan as it runs; pays from 100,000 rows on",
    )

    crossmatch_spark_alerts: int | None = Field(
        None, gt=0, description="Alerts of a night from which on Spark matches them with the catalogues; unset never"
    )

    ingest_trigger_s: float = Field(1.0, ge=0, description="Seconds between two micro-batches of ingest")
    enrich_trigger_s: float = Field(1.0, ge=0, description="Seconds between two micro-batches of enrich")
    distribute_trigger_s: float = Field(1.0, ge=0, description="Seconds between two micro-batches of distribute")
    max_offsets_per_batch: int = Field(8000, gt=0, description="Most Kafka messages that one ingest batch takes")
    max_files_per_batch: int = Field(16, gt=0, description="Most Delta files that one enrich or distribute batch takes")

    heartbeat_silence_s: float = Field(60.0, gt=0, description="A driver whose heartbeat is older than this is stalled")
    stop_timeout_s: float = Field(
        60.0, gt=0, description="Time a driver is given to finish its micro-batch before it is killed"
    )
    night_quiet_s: float = Field(
        20.0,
        gt=0,
        description="No stream had data for this long and no lag is left: the survey is drained; nights end at sunrise",
    )
    night_deadline_s: float = Field(
        1800.0, gt=0, description="close_night gives up waiting for the drain after this long"
    )

    science_alert_s: float = Field(
        10.0, gt=0, description="Time that a science module may take for one alert before it is given up for it"
    )
    science_load_s: float = Field(
        120.0, gt=0, description="Time that a science module may take to load its catalogues and models"
    )
    science_search_s: float = Field(
        180.0, ge=0, description="Time that one batch may be held up by alerts that end the process of one module"
    )
    science_memory_mb: int = Field(
        4096, gt=0, description="Memory that the science modules of one worker may ask for before one is given up"
    )
    filters_batch_s: float = Field(
        60.0,
        gt=0,
        description="Time that judging one batch may take before users' filters are timed and slow ones switched off",
    )
    output_partitions: int = Field(
        10, gt=0, description="Partitions of each output topic; fink-client needs exactly 10"
    )
    output_retention_days: float = Field(
        7.0, gt=0, description="Days that messages stay on output topics; a changed value is applied to topics in use"
    )
    counter_retention_days: float = Field(
        90.0, gt=0, description="Days that the counter topic of a night is kept after the night was closed"
    )
    restricted_topics: str = Field(
        "", description="Output topics, with commas, that only users with a grant may read (`fink kafka grant`)"
    )

    compact_topics: str = Field(
        "", description="Topics, with commas, in Confluent's framing; fink-client reads only those that are not"
    )
    schema_registry: str = Field(
        "", description="Schema registry of compact topics, http(s)://[user:password@]host:port; empty is the local one"
    )
    registry_port: int = Field(
        8081, ge=0, le=65535, description="Port of the registry that `fink up` starts for compact topics; 0: a free one"
    )

    transfer_quota: int = Field(
        100_000,
        gt=0,
        description="Most alerts that one transfer of past alerts may send; one is some 50 kB with stamps",
    )

    airflow_url: str = Field(
        "", description="Address of the Airflow UI in links of reports; empty is the local one on its port"
    )
    report_mail_to: str = Field("", description="Mail addresses, with commas, that each night's report is sent to")
    report_mail_from: str = Field("fink@localhost", description="Sender of the reports that are mailed")
    report_smtp: str = Field("smtp://127.0.0.1:25", description="Mail server: smtp(s)://[user:password@]host:port")
    report_webhook: str = Field("", description="Address that each night's verdict and numbers are posted to, as JSON")

    notices: Path | None = Field(
        None,
        description="File of subscriptions (TOML): who is told of nights and filters; unset tells nobody",
    )
    notice_retry_s: float = Field(
        2.0, gt=0, description="First pause before a notice is tried again; each further one is twice as long"
    )

    vacuum_retention_h: int = Field(
        336, ge=168, description="Hours that files no table needs are kept; more than the longest stream outage"
    )
    catalog_retention_days: int = Field(
        730, ge=14, description="Days that files of older versions of a catalogue are kept, so that they can be read"
    )
    log_retention_days: float = Field(30.0, gt=0, description="Days that task logs and old checkpoints are kept")
    reprocess_retention_days: float = Field(
        30.0,
        gt=0,
        description="Days that candidates wait for a decision, promotions can be undone, stopped shadows are kept",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - asked for by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what is given, then the environment, then its variables of single surveys."""
        return init_settings, env_settings, SurveySource(settings_cls)

    def of_survey(self, survey: str) -> SurveySettings:
        """Return the settings of one survey."""
        return self.of_surveys.get(survey, SurveySettings())

    @property
    def kafka(self) -> KafkaConnection:
        """The broker's own Kafka: topics leave by it."""
        return KafkaConnection(self.kafka_bootstrap, self.kafka_security)

    @property
    def lake(self) -> Path:
        """Root folder of the Delta tables."""
        return self.home / "lake"

    @property
    def checkpoints(self) -> Path:
        """Root folder of the streams' checkpoints."""
        return self.home / "checkpoints"

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
    def class_archive(self) -> Path:
        """Spark's classes as the JVM keeps them, made once by `fink jars`; a JVM that finds it starts faster."""
        return self.cache / "jars" / "spark-classes.jsa"

    def night_dir(self, survey: str, night: str) -> Path:
        """Folder of one night's step results, manifest and report."""
        return self.nights / survey / night
