"""Who an alert is, and whether it can be one: identity, night and rules, over Arrow columns."""

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fink_lib.errors import PacketError
from fink_lib.packets.leaf import leaf
from fink_lib.surveys import Damage, Survey
from fink_lib.surveys.rules import (
    FIRST_DAY,
    LAST_DAY,
    LATEST_DAYS,
    LATITUDE,
    LONGITUDE,
    MICROSECONDS_PER_DAY,
    row_rules,
)

Columns: TypeAlias = dict[str, pa.Array]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class Identity:
    """Reads identity columns of one survey.

    Parameters
    ----------
    survey
        Whose packets.
    """

    def __init__(self, survey: Survey) -> None:
        self._survey, at = survey, survey.fields
        self._paths = {
            "alert_id": at.alert_id, "object_id": at.object_id, "time": at.time, "ra": at.ra, "dec": at.dec,
            "band": at.band,
        }  # fmt: skip
        if at.moving_id is not None:
            self._paths["moving_id"] = at.moving_id
        self._name = re.compile(at.object_name)
        self._meaning = {rule.name: rule.meaning for rule in row_rules(survey)}

    @property
    def paths(self) -> tuple[str, ...]:
        """Packet fields that it reads."""
        return tuple(self._paths.values())

    def columns(self, packet: pa.RecordBatch, kafka_time: pa.Array) -> Columns:
        """Return ids, time, position, band and night; null where they are not there or impossible.

        Parameters
        ----------
        packet
            The fields of `paths`.
        kafka_time
            Kafka's time of each message.
        """
        read = {name: leaf(packet, path) for name, path in self._paths.items()}
        found = {
            "alert_id": pc.cast(read["alert_id"], pa.int64()),
            "object_id": self._object_id(read),
            **{name: pc.cast(read[name], pa.float64()) for name in ("time", "ra", "dec")},
            "band": self._band(pc.cast(read["band"], pa.string())),
            "kafka_time": pc.cast(kafka_time, pa.timestamp("us", tz="UTC")),
        }
        return found | {"night": self._night(found)}

    def _object_id(self, read: Columns) -> pa.Array:
        """Return the names of objects, those of moving ones first; digits stay digits."""
        static = self._name_of(read["object_id"])
        if "moving_id" not in read:
            return static
        moving = self._name_of(read["moving_id"])
        return pc.coalesce(pc.binary_join_element_wise(self._survey.fields.moving_prefix, moving, ""), static)

    def _name_of(self, ids: pa.Array) -> pa.Array:
        names, none = pc.cast(ids, pa.string()), self._survey.fields.no_object
        return names if none is None else pc.if_else(pc.equal(names, none), pa.scalar(None, pa.string()), names)

    def _band(self, codes: pa.Array) -> pa.Array:
        return pa.array([self._survey.bands.get(code) for code in codes.to_pylist()], pa.string())

    def _night(self, found: Columns) -> pa.Array:
        """Return the night as `NightRule.night_of` does; null for a time that is impossible or ahead."""
        observed = numbers(found["time"])
        sane = self._in_time(observed) & self._not_ahead(observed, found["kafka_time"])
        days = np.where(sane, np.floor(observed + self._survey.night.days_to_epoch), 0.0).astype(np.int32)
        return pa.array(days, pa.int32(), mask=~sane).cast(pa.date32())

    def _in_time(self, observed: Floats) -> Flags:
        days = observed + self._survey.night.days_to_epoch
        return np.asarray((days >= FIRST_DAY) & (days < LAST_DAY + 1))

    def _not_ahead(self, observed: Floats, kafka_time: pa.Array) -> Flags:
        arrived_us = pc.fill_null(kafka_time.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
        utc_days = observed + (self._survey.night.days_to_epoch - self._survey.night.offset_h / 24.0)
        return np.asarray((arrived_us <= 0) | (utc_days <= arrived_us / MICROSECONDS_PER_DAY + LATEST_DAYS))

    def broken(self, found: Columns) -> Sequence[PacketError | None]:
        """Return of each alert the first rule of `row_rules` that it breaks."""
        observed = numbers(found["time"])
        held = {
            "alert_id": found["alert_id"].is_valid().to_numpy(zero_copy_only=False),
            "object_id": self._named(found["object_id"]),
            "time": self._in_time(observed),
            "not_ahead": self._not_ahead(observed, found["kafka_time"]),
            "ra": _within(found["ra"], LONGITUDE),
            "dec": _within(found["dec"], LATITUDE),
        }
        whole = np.logical_and.reduce(list(held.values()))
        errors: list[PacketError | None] = [None] * len(whole)
        for at in np.flatnonzero(~whole):
            name = next(name for name in self._meaning if not held[name][at])
            errors[at] = PacketError(Damage.BAD_VALUE, f"{name}: {self._meaning[name]}")
        return errors

    def _named(self, names: pa.Array) -> Flags:
        return np.array([name is None or self._name.fullmatch(name) is not None for name in names.to_pylist()], bool)


def numbers(values: pa.Array) -> Floats:
    """Return numbers as float64, NaN where they are null."""
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _within(values: pa.Array, ends: tuple[float, float]) -> Flags:
    found: Any = numbers(values)
    return np.asarray((found >= ends[0]) & (found <= ends[1]))
