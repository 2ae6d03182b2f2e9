"""An S3-compatible object store: how delta-rs and Arrow reach it, and where HTTP asks for an object of it.

Credentials are those of the environment everywhere (``AWS_ACCESS_KEY_ID`` and its like): none is kept here.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

    from fink_lib.storage.request import Answer

TIMEOUT_S = 60.0  # Arrow would wait three seconds
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Store:
    """How one store is reached.

    Attributes
    ----------
    endpoint
        ``https://host[:port]``; empty is AWS.
    region
        What requests are signed for.
    path_style
        Whether buckets are named in the path of addresses, not in the host.
    """

    endpoint: str = ""
    region: str = DEFAULT_REGION
    path_style: bool = True

    def delta_options(self) -> dict[str, str]:
        """Return what delta-rs is told of the store."""
        options = {
            "aws_region": self.region,
            "aws_conditional_put": "etag",
            "aws_virtual_hosted_style_request": str(not self.path_style).lower(),
        }
        if self.endpoint:
            options["aws_endpoint"] = self.endpoint
            options["aws_allow_http"] = str(self.endpoint.startswith("http://")).lower()
        return options

    @classmethod
    def of_delta(cls, options: Mapping[str, str]) -> Self:
        """Return the store that `delta_options` told delta-rs of."""
        by_host = options["aws_virtual_hosted_style_request"] == "true"
        return cls(options.get("aws_endpoint", ""), options["aws_region"], not by_host)

    def file_system(self) -> "S3FileSystem":
        """Return the store as Arrow sees it; one a process."""
        return _file_system(self)

    def address(self, place: str) -> str:
        """Return where an object is asked for by HTTP.

        Parameters
        ----------
        place
            Bucket and key, with a slash between them.
        """
        store = self.endpoint or f"https://s3.{self.region}.amazonaws.com"
        if self.path_style:
            return f"{store}/{place}"
        scheme, host = store.split("://")
        bucket, _, key = place.partition("/")
        return f"{scheme}://{bucket}.{host}/{key}"

    def ask(
        self,
        method: str,
        place: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_s: float = TIMEOUT_S,
    ) -> "Answer":
        """Make one request for an object; see `request.ask`.

        Parameters
        ----------
        method
            Of HTTP.
        place
            Bucket and key, with a slash between them.
        headers, body
            What goes with it.
        timeout_s
            How long to wait for a connection, and for the answer.
        """
        from fink_lib.storage.request import ask  # noqa: PLC0415 - settings know stores, and few who read them ask

        return ask(method, self.address(place), headers or {}, body, self.region, timeout_s)


@functools.lru_cache(maxsize=8)
def _file_system(store: Store) -> "S3FileSystem":
    from pyarrow.fs import S3FileSystem  # noqa: PLC0415 - settings know stores, and many who read them need no Arrow

    endpoint = urlsplit(store.endpoint)
    named = {"endpoint_override": endpoint.netloc, "scheme": endpoint.scheme} if store.endpoint else {}
    patience = {"connect_timeout": TIMEOUT_S, "request_timeout": TIMEOUT_S}
    return S3FileSystem(region=store.region, force_virtual_addressing=not store.path_style, **named, **patience)
