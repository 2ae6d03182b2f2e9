"""A place in an object store with the methods of a path, by Arrow's client of S3: no other client is installed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

from fsspec.implementations.arrow import ArrowFSWrapper
from fsspec.spec import AbstractFileSystem
from upath.implementations.cloud import S3Path

from fink_lib.errors import StoreSilent
from fink_lib.storage.store import Store


class StoreFiles(ArrowFSWrapper):  # type: ignore[misc] # fsspec tells no types
    """Arrow's client for fsspec, which takes a store that does not answer for one that has nothing.

    Only the store's own word that there is no such thing is taken for it here; whatever else goes wrong is an error.
    What looks for files (``find``, ``glob``, ``isdir``) comes to `info` and `ls`, what reads them to `_open`.
    """

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Return what a store says of an object or a folder."""
        with _answered(path):
            found: dict[str, Any] = super().info(path, **kwargs)
        return found

    def ls(self, path: str, detail: bool = False, **kwargs: Any) -> list[Any]:  # noqa: FBT001, FBT002
        """Return what is in a folder."""
        with _answered(path):
            found: list[Any] = super().ls(path, detail, **kwargs)
        return found

    def _open(self, path: str, *how: Any, **named: Any) -> Any:
        """Open an object: Arrow asks for its length first."""
        with _answered(path):
            return super()._open(path, *how, **named)

    def isfile(self, path: str) -> bool:
        """Tell whether there is an object: fsspec's own takes any error for a no."""
        try:
            return bool(self.info(path)["type"] == "file")
        except FileNotFoundError:
            return False


@contextmanager
def _answered(path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        what = f"the object store does not tell what is at {path}: {error}"
        raise StoreSilent(f"{what}; check that it runs, and the rights there") from error


class StorePath(S3Path):
    """``s3://bucket/path``; its options are the fields of `Store`, so that it can be sent to another process."""

    __slots__ = ()

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Make one of this class: universal-pathlib would choose the class by the scheme."""
        return object.__new__(cls)

    @classmethod
    def of(cls, url: str, store: Store) -> Self:
        """Return the place of an address in a store.

        Parameters
        ----------
        url
            ``s3://bucket/path``.
        store
            How it is reached.
        """
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
        return StoreFiles(Store(**storage_options).file_system(), skip_instance_cache=True)

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:  # noqa: FBT001, FBT002
        """Do nothing: an object store has no folders, and Arrow would make an object of each."""
