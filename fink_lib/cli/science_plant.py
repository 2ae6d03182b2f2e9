"""`fink science plant`: what a module finds among made inputs whose truth is known."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from fink_lib.cli.common import load_settings, say
from fink_lib.cli.tables import Column, write_rows
from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.files import JsonObject
from fink_lib.offline.packets import packets_of
from fink_lib.simulator import resolve_path
from fink_lib.surveys import get_survey, value_at

KILONOVA = tuple(Column(name) for name in ("class", "detections", "objects", "scored"))
KILONOVA += (Column("above_0.1", title="above 0.1, %"), Column("above_0.5", title="above 0.5, %"))
MOVING = tuple(Column(name) for name in ("planted", "which", "strangers", "objects"))
MOVING += (Column("found", title="found, %"), Column("pure", title="of those named, planted, %"))
LENSING = tuple(Column(name) for name in ("history", "class", "part", "objects", "judged"))
LENSING += (Column("flagged", title="flagged, %"),)
HOSTLESS = tuple(Column(name) for name in ("planted", "transient_mag", "pairs", "looked_at"))
HOSTLESS += (Column("hostless", title="called hostless, %"),)
SCORES = tuple(Column(name) for name in ("score", "class", "part", "objects", "scored"))
SCORES += (Column("above_0.5", title="above 0.5, %"),)
CALLED = tuple(Column(name) for name in ("class", "part", "objects", "scored"))
CALLED += (Column("called", title="called SN, %"), Column("limit"))
FIELDS = ("candid", "candidate.jd", "candidate.ra", "candidate.dec", "candidate.magpsf", "candidate.fid")
PERIODS = tuple(Column(name) for name in ("planted", "points", "objects"))
PERIODS += (Column("claimed", title="claimed, %"), Column("claimed_unflagged", title="without a flag, %"))
PERIODS += tuple(Column(name, title=f"{name.replace('_', ' ')}, %") for name in ("right", "harmonic", "day_alias"))
PERIODS += (Column("wrong", title="wrong, %"), Column("unflagged_right", title="of those without a flag, right, %"))
SURVEY = "ztf"


def _kilonova(settings: Settings, seed: int, _path: str) -> list[JsonObject]:
    from fink_lib.science.planting.kilonova import table

    return table(settings.cache, seed)


def _lensing(_settings: Settings, seed: int, _path: str) -> list[JsonObject]:
    from fink_lib.science.planting.microlensing import table

    return table(seed)


def _hostless(_settings: Settings, seed: int, _path: str) -> list[JsonObject]:
    from fink_lib.science.planting.hostless import table

    return table(seed)


def _scores(module: str) -> Callable[[Settings, int, str], list[JsonObject]]:
    def table(settings: Settings, seed: int, _path: str) -> list[JsonObject]:
        from fink_lib.science.planting import scores

        return scores.table(module, settings.cache, seed)

    return table


def _rubin_scores(module: str) -> Callable[[Settings, int, str], list[JsonObject]]:
    def table(settings: Settings, seed: int, _path: str) -> list[JsonObject]:
        from fink_lib.science.planting import rubin_scores

        return rubin_scores.table(module, settings.cache, seed)

    return table


def _ztf_hostless(_settings: Settings, seed: int, _path: str) -> list[JsonObject]:
    from fink_lib.science.planting.ztf_stamps import table

    return table(seed)


def _moving(settings: Settings, seed: int, path: str) -> list[JsonObject]:
    from fink_lib.science.methods.night_alerts import NightAlerts
    from fink_lib.science.planting.moving import table

    survey = get_survey(SURVEY)
    packets = packets_of(resolve_path(path, settings, survey), survey)
    rows = [[value_at(packet, field) for field in FIELDS] for packet in packets]
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return table(NightAlerts(*columns), seed)


def _periods(settings: Settings, seed: int, path: str) -> list[JsonObject]:
    from fink_lib.science.planting.periods import stamps_of, table

    survey = get_survey(SURVEY)
    return table(stamps_of(packets_of(resolve_path(path, settings, survey), survey)), seed)


TABLES: Mapping[str, tuple[tuple[Column, ...], Callable[[Settings, int, str], list[JsonObject]]]] = {
    "cats": (CALLED, _rubin_scores("cats")),
    "early_snia": (SCORES, _scores("early_snia")),
    "fast_transients": (SCORES, _scores("fast_transients")),
    "hostless": (HOSTLESS, _ztf_hostless),
    "hostless_rubin": (HOSTLESS, _hostless),
    "kilonova": (KILONOVA, _kilonova),
    "microlensing": (LENSING, _lensing),
    "periods": (PERIODS, _periods),
    "supernnova": (SCORES, _scores("supernnova")),
    "supernnova_rubin": (CALLED, _rubin_scores("supernnova_rubin")),
    "tracklets": (MOVING, _moving),
}


def plant(
    module: Annotated[str, typer.Argument(help=f"One of: {', '.join(TABLES)}.")],
    *,
    seed: Annotated[int, typer.Option(help="Of the draws; the default was never used while a module was made.")] = (
        20230518
    ),
    path: Annotated[
        str,
        typer.Option(
            help="Real alerts (packets, or `sample`): moving objects are planted among them, periods at their times."
        ),
    ] = "sample",
    json_file: Annotated[Path | None, typer.Option("--json", help="File to write the rows to.")] = None,
) -> None:
    """Plant objects whose truth is known, and print what the module makes of them, with 95 % intervals."""
    if module not in TABLES:
        raise ConfigError(f"nothing is planted for '{module}': there are {', '.join(TABLES)}")
    columns, table = TABLES[module]
    rows = table(load_settings(), seed, path)
    write_rows(columns, rows)
    if json_file is not None:
        from fink_lib.cli.json_text import json_text

        json_file.write_text(json_text(rows) + "\n")
        say(f"{len(rows)} rows: {json_file}")
