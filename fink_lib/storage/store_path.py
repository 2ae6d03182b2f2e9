"""A place in an object store with the methods of a path, by Arrow's client of S3: no other client is installed."""

from collections.abc import Mapping
from typing import Any, Self

from fsspec.implementations.arrow import ArrowFSWrapper
from fsspec.spec import AbstractFileSystem
from upath.implementations.cloud import S3Path

from fink_lib.storage.store import Store


class StorePath(S3Path):
    """``s3://bucket/path``; its options are the fields of `Store`, so that it can be sent to another process."""

    __slots__ = ()

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Make one of this class: universal-pathlib would choose the class by the scheme."""
        return object.__new__(cls)

    @classmethod
    def of(cls, url: str, store: Store) -> Self:
        """Return the place of an address in a store."""
        return cls(url, endpoint=store.endpoint, region=store.region, path_style=store.path_style)

    @classmethod
    def _parse_storage_options(
        cls,
        urlpath: str,  # noqa: ARG003 - what universal-pathlib calls it with
        protocol: str,  # noqa: ARG003 - the same
        storage_options: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Return the options as given: an address tells none."""
        return dict(storage_options)

    @classmethod
    def _fs_factory(
        cls,
        urlpath: str,  # noqa: ARG003 - the same
        protocol: str,  # noqa: ARG003 - the same
        storage_options: Mapping[str, Any],
    ) -> AbstractFileSystem:
        return ArrowFSWrapper(Store(**storage_options).file_system(), skip_instance_cache=True)

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:  # noqa: FBT001, FBT002
        """Do nothing: an object store has no folders, and Arrow would make an object of each."""
