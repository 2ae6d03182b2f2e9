"""Streams by their names: of a command line, and of the folders that they leave in a home."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.streams.kinds import KINDS
from fink_lib.streams.spec import StreamSpec


def stream_named(name: str, settings: Settings) -> StreamSpec:
    """Return the stream of a name, ``survey.kind`` or ``survey.kind_label``.

    Parameters
    ----------
    name
        The part before the first dot is the survey, which is not checked here.
    settings
        What the stream runs with.

    Raises
    ------
    ConfigError
        When no kind of stream has such a name.
    """
    survey, _, short = name.partition(".")
    if survey and short in KINDS and not KINDS[short].labelled:
        return StreamSpec(survey, short, settings)
    beside = [kind for kind, facts in KINDS.items() if facts.labelled and short.startswith(f"{kind}_")]
    if not survey or not beside:
        there = ", ".join(f"{kind}_<label>" if facts.labelled else kind for kind, facts in KINDS.items())
        raise ConfigError(f"no stream can be called '{name}': it is <survey>.<kind>, the kinds are {there}")
    kind = max(beside, key=len)
    return StreamSpec(survey, kind, settings, short.removeprefix(f"{kind}_"))


def asked_stream(description: str | None, settings: Settings) -> StreamSpec:
    """Return the stream that the command line of a driver names.

    Parameters
    ----------
    description
        What ``--help`` says of the driver.
    settings
        What the stream runs with.

    Raises
    ------
    ConfigError
        When no kind of stream has such a name.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--stream", required=True, help="its name, ztf.enrich for example")
    return stream_named(parser.parse_args().stream, settings)


def streams_in(folder: Path, settings: Settings) -> Iterator[StreamSpec]:
    """Yield the streams that have a sub-folder of their name, in the order of their kinds; labelled ones come last.

    Parameters
    ----------
    folder
        Of checkpoints, or of the files of streams.
    settings
        What the streams run with.
    """
    found = [spec for path in folder.glob("*.*") if path.is_dir() for spec in _called(path.name, settings)]
    order = list(KINDS)
    yield from sorted(found, key=lambda spec: (spec.facts.labelled, spec.survey, order.index(spec.kind), spec.label))


def known_streams(settings: Settings) -> Iterator[StreamSpec]:
    """Yield every stream that ever ran in a home; see `streams_in`."""
    return streams_in(settings.streams, settings)


def _called(name: str, settings: Settings) -> list[StreamSpec]:
    try:
        return [stream_named(name, settings)]
    except ConfigError:  # a folder of something else
        return []
