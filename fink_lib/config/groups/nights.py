"""The closing of a night, what is told of it, and what is kept."""

from pathlib import Path

from pydantic import BaseModel, Field


class ClosingSettings(BaseModel):
    """How a night is closed."""

    night_quiet_s: float = Field(
        20.0,
        gt=0,
        description="No stream had data for this long and no lag is left: the survey is drained; nights end at sunrise",
    )
    night_deadline_s: float = Field(
        1800.0, gt=0, description="close_night gives up waiting for the drain after this long"
    )
    nightly_spark_alerts: int | None = Field(
        None,
        gt=0,
        description="Alerts of a night from which on Spark's tasks match and compact it side by side; unset never",
    )
    pair_radius_arcsec: float = Field(
        2.0, gt=0, le=30, description="Arcsec within which objects of two surveys are taken for one; 30 at the most"
    )


class SubscriptionSettings(BaseModel):
    """Who is told of nights and filters."""

    notices: Path | None = Field(
        None,
        description="File of subscriptions (TOML): who is told of nights and filters; unset tells nobody",
    )
    watch_notice_h: float = Field(
        6.0, gt=0, le=168, description="Hours between two notices to one person of what was found in what he watches"
    )
    watch_map_max_deg2: float = Field(
        5_000.0, gt=0, le=41_253, description="Square degrees that a watch map may have; the whole sky has 41,253"
    )


class ReportSettings(BaseModel):
    """How nights are told of."""

    notice_retry_s: float = Field(
        2.0, gt=0, description="First pause before a notice is tried again; each further one is twice as long"
    )
    airflow_url: str = Field(
        "", description="Address of the Airflow UI in links of reports; empty is the local one on its port"
    )
    report_mail_to: str = Field("", description="Mail addresses, with commas, that each night's report is sent to")
    report_mail_from: str = Field("fink@localhost", description="Sender of the reports that are mailed")
    report_smtp: str = Field("smtp://127.0.0.1:25", description="Mail server: smtp(s)://[user:password@]host:port")
    report_webhook: str = Field("", description="Address that each night's verdict and numbers are posted to, as JSON")


class RequestSettings(BaseModel):
    """What may be asked of the broker, and what it asks of others."""

    transfer_quota: int = Field(
        100_000,
        gt=0,
        description="Most alerts that one transfer of past alerts may send; one is some 50 kB with stamps",
    )
    facilities: Path | None = Field(
        None, description="File of facilities and services (TOML) that can be asked; unset asks none"
    )


class RetentionSettings(BaseModel):
    """How long things are kept."""

    counter_retention_days: float = Field(
        90.0, gt=0, description="Days that the counter topic of a night is kept after the night was closed"
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
