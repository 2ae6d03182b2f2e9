"""Where tables lie: in a folder of the home, or in an object store."""

from pydantic import BaseModel, Field

PART = r"[A-Za-z0-9_.!*'()-]+"  # what S3 calls safe: # and ? end a path in an address, % begins a quoted letter


class StorageSettings(BaseModel):
    """An S3-compatible store; its credentials are those of the environment (``AWS_ACCESS_KEY_ID`` and its like)."""

    lake_url: str = Field(
        "",
        pattern=rf"^(s3://{PART}(/{PART})+)?$",
        description="Place of all tables in the object store below, s3://bucket/path; empty is lake/ in FINK_HOME",
    )
    s3_endpoint: str = Field(
        "",
        pattern=r"^(https?://[^/]+)?$",
        description="Object store of tables at s3://, https://host[:port]; empty is AWS in FINK_S3_REGION, or none",
    )
    s3_region: str = Field(
        "", description="Region of the object store; empty is us-east-1 at an endpoint, else there is no object store"
    )
    s3_path_style: bool = Field(
        True, description="Name buckets in the path of addresses; false, as AWS wants it, names them in the host"
    )
