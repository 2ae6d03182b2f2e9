"""Where a broker lies, and the files that it is given."""

from pathlib import Path

from pydantic import BaseModel, Field

PROJECT_DIR = Path(__file__).resolve().parents[3]


class PlaceSettings(BaseModel):
    """Where all state of a broker lies, and the code that it runs."""

    home: Path = Field(
        PROJECT_DIR / ".runtime" / "home", description="All state of one broker: lake, checkpoints, logs"
    )
    cache: Path = Field(
        PROJECT_DIR / ".runtime" / "cache", description="Pinned downloads shared by every home: jars, Kafka, samples"
    )
    project: Path = Field(PROJECT_DIR, description="The checkout that holds dags/ and jobs/")


class SampleSettings(BaseModel):
    """What tests alone read."""

    shared_data: Path | None = Field(
        None, description="A folder of extra real alerts, for tests alone; unset looks beside the project"
    )


class CatalogSettings(BaseModel):
    """Catalogues that science reads."""

    catalogs: Path | None = Field(
        None, description="Folder of catalogue files, <name>.parquet|csv|fits, over the packaged ones; unset has none"
    )
    tns_snapshot: Path | None = Field(
        None, description="Public objects of the Transient Name Server, .csv or .parquet; unset looks in FINK_CATALOGS"
    )
