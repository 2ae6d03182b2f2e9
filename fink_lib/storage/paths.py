"""The type of a place of tables, and what is asked of one: is it a folder, how does delta-rs or Arrow reach it.

A folder is a plain path of this host, as it always was. A place in an object store is a `UPath`, whose methods are
those of a path; it is made once, from the settings, and every place below it knows its store. Only then are
universal-pathlib and fsspec imported: they look through all installed packages, which takes a tenth of a second.
"""

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from urllib.parse import unquote, urlsplit

from fink_lib.errors import ConfigError
from fink_lib.storage.store import Store

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem
    from upath import UPath

    LakePath: TypeAlias = Path | UPath
else:
    LakePath = Path

AnyPlace = TypeVar("AnyPlace", bound=LakePath)
SETTING = "FINK_LAKE_URL"
LOCAL, REMOTE = ("", "file"), ("s3", "s3a")  # schemes of addresses


def in_store(url: str, store: Store) -> LakePath:
    """Return a place in an object store.

    Parameters
    ----------
    url
        ``s3://bucket/path``.
    store
        How the store is reached.
    """
    from fink_lib.storage.store_path import StorePath  # noqa: PLC0415 - see above

    return StorePath.of(url, store)


def place_named(uri: str, store: Store | None) -> LakePath:
    """Return the place that Spark or delta-rs names by an address.

    Parameters
    ----------
    uri
        A path, or ``file://``, ``s3://`` or ``s3a://`` and a quoted path.
    store
        That of the lake; None for a lake in a folder of this host.

    Raises
    ------
    ConfigError
        When it is an address in a store and there is none, or the other way round.
    """
    parts = urlsplit(uri)
    path = unquote(parts.path).rstrip("/")
    if parts.scheme not in (LOCAL if store is None else REMOTE):
        where = "a folder of this host" if store is None else f"the object store at {store.endpoint or 'AWS'}"
        raise ConfigError(f"{uri} is not in {where}, where tables are: was {SETTING} another when it was written?")
    return Path(path) if store is None else in_store(f"s3://{parts.netloc}{path}", store)


def store_of(place: LakePath) -> Store | None:
    """Return the store that a place lies in; None for a folder of this host."""
    if isinstance(place, Path):
        return None
    options = place.storage_options
    return Store(options["endpoint"], options["region"], options["path_style"])


def delta_options(place: LakePath) -> dict[str, str] | None:
    """Return what delta-rs is told of the store of a place; None for a folder of this host."""
    store = store_of(place)
    return None if store is None else store.delta_options()


def arrow_place(place: LakePath) -> tuple["FileSystem", str]:
    """Return a place as Arrow names it: its file system, and the path there."""
    from pyarrow.fs import LocalFileSystem  # noqa: PLC0415 - settings know places, and many who read them need no Arrow

    store = store_of(place)
    return (LocalFileSystem(), str(place)) if store is None else (store.file_system(), place_in(place))


def place_in(place: LakePath) -> str:
    """Return bucket and key of a place in an object store, with a slash between them; the path of a folder."""
    return str(place).partition("://")[2] or str(place)


def on_disk(place: LakePath, what: str) -> Path:
    """Return a place as a folder of this host.

    Parameters
    ----------
    place
        A lake, or a place below it.
    what
        Who asks, as the subject of a sentence: ``a backup``.

    Raises
    ------
    ConfigError
        When it lies in an object store.
    """
    if isinstance(place, Path):
        return place
    raise ConfigError(
        f"{what} works on tables in a folder only, and {SETTING} puts them at {place}: leave {SETTING} empty to have "
        f"them in FINK_HOME; docs/scale.md says what works on a lake in an object store"
    )
