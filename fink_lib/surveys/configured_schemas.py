"""The writer schemas of one survey as its settings say: a folder, what was fetched before, and a registry.

An id that is in neither place is asked for at the registry when a message first names it, and kept in a file of the
home: no id is asked for twice, and messages of known ids go on while the registry is down. Ids are those of one
survey: another one may number its schemas alike.
"""

import json
import logging
import os
import threading
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fink_lib.config import Settings
from fink_lib.errors import PacketError, RegistryError
from fink_lib.registries import shown
from fink_lib.surveys.base import AvroSchema, Damage
from fink_lib.surveys.published import PublishedSchemas
from fink_lib.surveys.registry_schemas import fetch_schema
from fink_lib.surveys.schema_source import FolderSchemas, SchemaSource

logger = logging.getLogger(__name__)

FOLDER = "schemas"
ASK_AGAIN_S = 10.0  # a batch of messages of an unknown id asks once, not once a message


@dataclass(frozen=True)
class Places:
    """Where schemas are looked for.

    Attributes
    ----------
    folder
        The operator's own, or, where there is no registry either, the one that the survey publishes; before all others.
    kept
        What was fetched.
    registry
        Address; empty where there is none.
    """

    folder: Path | None
    kept: Path
    registry: str

    @classmethod
    def of(cls, survey: str, settings: Settings, published: PublishedSchemas | None = None) -> "Places":
        """Return the places that settings name.

        Parameters
        ----------
        survey
            Its name.
        settings
            Those of the survey, and the home.
        published
            What the survey publishes; used only where there is neither a folder nor a registry.
        """
        chosen, folder = settings.of_survey(survey), None
        if published is not None and not chosen.registry:
            folder = published.folder(settings.cache, survey)
            folder = folder if folder.is_dir() else None
        return cls(chosen.schemas or folder, settings.home / FOLDER / survey, chosen.registry or "")


class ConfiguredSchemas(SchemaSource):
    """Schemas where the environment says, looked at when the first message comes; pickled with all that it knows.

    Parameters
    ----------
    survey
        Its name: whose settings, and whose ids.
    published
        What the survey publishes.
    """

    def __init__(self, survey: str, published: PublishedSchemas | None = None) -> None:
        self._survey, self._published = survey, published
        self._names = (
            "FINK_HOME",
            "FINK_CACHE",
            *(f"FINK_{survey}_{what}".upper() for what in ("schemas", "registry")),
        )
        self._lock = threading.Lock()
        self._begin(None, {}, None)

    def _begin(self, places: Places | None, known: Mapping[int, AvroSchema], folder: Mapping[int, Any] | None) -> None:
        """Begin anew, knowing some schemas; a folder that is None is read when it is needed."""
        self._places, self._folder = places, folder
        self._known: dict[int, AvroSchema] = dict(known)
        self._environment: tuple[str | None, ...] | None = None
        self._asked: dict[int, tuple[float, PacketError]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Take along to other machines what is known here, and where to ask for more."""
        text = json.dumps({str(schema_id): schema for schema_id, schema in self.schemas().items()})
        return {"survey": self._survey, "places": self._where(), "known": zlib.compress(text.encode())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Go on with it: the environment of another machine is not asked."""
        self._survey, self._names, self._lock = state["survey"], (), threading.Lock()
        self._published = None
        known = json.loads(zlib.decompress(state["known"]))
        self._begin(state["places"], {int(schema_id): schema for schema_id, schema in known.items()}, {})

    @property
    def awaits(self) -> bool:
        """True where an id that is not known may come to be."""
        return bool(self._where().registry)

    def schemas(self) -> Mapping[int, AvroSchema]:
        """Return every schema that is known now without asking anybody."""
        places = self._where()
        kept = (int(file.stem) for file in places.kept.glob("[0-9]*.avsc"))
        found = {schema_id: schema for schema_id in kept if (schema := self._of_file(places, schema_id)) is not None}
        return dict(sorted({**found, **self._known, **self._of_folder(places)}.items()))

    def by_id(self, schema_id: int) -> AvroSchema | None:
        """Return one schema, asked for at the registry where it is met for the first time.

        Raises
        ------
        PacketError
            SCHEMA_AWAITED, where there is a registry and it does not tell.
        """
        places = self._where()
        if (known := self._known.get(schema_id)) is not None:
            return known
        with self._lock:
            found = self._of_folder(places).get(schema_id) or self._of_file(places, schema_id)
            if found is None and places.registry:
                found = self._of_registry(places, schema_id)
            if found is not None:
                self._known[schema_id] = found
            return found

    def _where(self) -> Places:
        """Return the places; those of the environment as it is now, unless they came along."""
        environment = tuple(os.environ.get(name) for name in self._names)
        if self._places is None or (self._names and environment != self._environment):
            self._begin(places := Places.of(self._survey, Settings(), self._published), {}, None)
            self._environment = environment
            return places
        return self._places

    def _of_folder(self, places: Places) -> Mapping[int, AvroSchema]:
        if self._folder is None:
            self._folder = {} if places.folder is None else FolderSchemas(places.folder).schemas()
        return self._folder

    def _of_file(self, places: Places, schema_id: int) -> AvroSchema | None:
        try:
            found: AvroSchema = json.loads((places.kept / f"{schema_id}.avsc").read_text())
        except (OSError, ValueError):
            return None
        return found

    def _of_registry(self, places: Places, schema_id: int) -> AvroSchema | None:
        asked = self._asked.get(schema_id)
        if asked is not None and time.monotonic() < asked[0] + ASK_AGAIN_S:
            raise asked[1]
        try:
            found = _asked_for(places, self._survey, schema_id)
        except PacketError as error:
            self._asked[schema_id] = (time.monotonic(), error)
            raise
        self._asked.pop(schema_id, None)
        return found


def _asked_for(places: Places, survey: str, schema_id: int) -> AvroSchema:
    """Ask the registry, and keep what it tells.

    Raises
    ------
    PacketError
        SCHEMA_AWAITED; the reason is the same each time, so that messages that wait for one thing can be counted.
    """
    try:
        text = fetch_schema(places.registry, schema_id)
        schema: AvroSchema | None = None if text is None else json.loads(text)
    except (RegistryError, ValueError) as error:
        logger.warning("schema of survey=%s id=%d not fetched: %s", survey, schema_id, error)
        what = f"schema id {schema_id} is not known here, and the registry {shown(places.registry)} does not answer"
        raise PacketError(Damage.SCHEMA_AWAITED, f"{what}: the message is replayed once it does") from error
    if schema is None:
        what = f"schema id {schema_id} is known neither here nor to the registry {shown(places.registry)}"
        raise PacketError(Damage.SCHEMA_AWAITED, f"{what}: the message is replayed once it is registered")
    _keep(places.kept / f"{schema_id}.avsc", json.dumps(schema))
    logger.info("schema fetched survey=%s id=%d from %s", survey, schema_id, shown(places.registry))
    return schema


def _keep(file: Path, text: str) -> None:
    """Write a file as a whole; where that is not possible, the process remembers it alone."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
        scratch.write_text(text)
        scratch.replace(file)
    except OSError as error:
        logger.warning("schema not kept in %s: %s", file, error)
