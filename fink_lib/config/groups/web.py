"""Servers that people and programs ask."""

from pydantic import BaseModel, Field


class ServiceSettings(BaseModel):
    """Servers beside the API that `fink up` starts."""

    airflow_port: int = Field(
        8080, ge=0, le=65535, description="Port of the Airflow UI started by `fink up`; 0 takes a free one"
    )
    airflow_db: str = Field(
        "",
        pattern=r"^(postgresql(\+psycopg2)?://.+)?$",
        repr=False,  # it may hold a password
        description="PostgreSQL that Airflow keeps its state in, postgresql://user[:password@]host/name; empty: SQLite",
    )
    metrics_port: int = Field(
        8091, ge=0, le=65535, description="Port of the monitor that `fink up` starts for Prometheus; 0 takes a free one"
    )
    registry_port: int = Field(
        8081, ge=0, le=65535, description="Port of the registry that `fink up` starts for compact topics; 0: a free one"
    )


class ApiSettings(BaseModel):
    """The HTTP API and the portal."""

    api_port: int = Field(
        8090, ge=0, le=65535, description="Port of the HTTP API started by `fink up` and `fink api`; 0 takes a free one"
    )
    api_host: str = Field("127.0.0.1", description="Address that the HTTP API listens on; 0.0.0.0 is every one")
    api_url: str = Field(
        "", description="Address of API and portal as people see it, in links; empty is the local one on its port"
    )
    portal_work_h: float = Field(
        6.0, gt=0, le=168, description="Hours after which what somebody started in the portal is ended"
    )
    api_requests_per_minute: int = Field(
        20_000, gt=0, description="Requests that one person, or one address without login, may make in a minute"
    )
    api_mb_per_day: int = Field(
        0, ge=0, description="Megabytes that one person, or one address without login, is sent in a day; 0: any number"
    )


class UserJobSettings(BaseModel):
    """What a job of a person may take."""

    user_jobs_s: int = Field(600, gt=0, description="Seconds that one job of a person may run")
    user_jobs_memory_mb: int = Field(
        2048, ge=512, description="Megabytes of memory of one such job; beside them 512 of scratch, in memory too"
    )
    user_jobs_result_mb: int = Field(1024, gt=0, description="Megabytes that the result of one such job may have")
    user_jobs_per_person: int = Field(3, gt=0, description="Jobs of one person that may wait or run")
    user_jobs_s_per_day: int = Field(7200, gt=0, description="Seconds that the jobs of one person may run within a day")
    user_tables_per_person: int = Field(20, ge=0, description="Tables that one person may keep of his jobs; 0: none")
    user_tables_mb: int = Field(2048, gt=0, description="Megabytes that the tables of one person may have together")
    user_tables_days: float = Field(90.0, gt=0, description="Days that such a table is kept after it was made")


class NameSettings(BaseModel):
    """What this broker is called elsewhere."""

    authority: str = Field(
        "fink.lake",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{2,}$",
        description="Name of this broker in the Virtual Observatory: what is said here is ivo://NAME/…",
    )


class LoginSettings(BaseModel):
    """Login by OpenID Connect."""

    oidc_issuer: str = Field(
        "", description="Issuer of OpenID Connect that people log in with, https://…; empty: `fink users link` alone"
    )
    oidc_client_id: str = Field("", description="Name of this broker at that issuer")
    oidc_client_secret: str = Field(
        "", repr=False, description="Its password there; empty for a client without one, which PKCE protects"
    )
    oidc_scopes: str = Field("openid email profile", description="Scopes that the issuer is asked for")
    oidc_rights_claim: str = Field("", description="Claim of the issuer whose values FINK_OIDC_RIGHTS makes rights of")
    oidc_rights: dict[str, str] = Field(
        default_factory=dict, description='Value of that claim and right, as JSON: {"ztf-members": "ztf:partnership"}'
    )
