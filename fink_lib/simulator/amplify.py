"""Many packets out of few, for load tests: ids unique and consistent, times shifted, stamps with new noise.

How ids move stands in the survey's folder: either they count time, and shifts are multiples of 10⁻⁶ day, or the survey
makes a packet that of another source itself. Results are for load alone,
never for accuracy or rates.
"""

import datetime as dt
import io
import json
import random
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import fastavro

from fink_lib.errors import ConfigError
from fink_lib.nights import UNIX_EPOCH_DATE
from fink_lib.simulator.cutouts import Renoiser
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.base import AvroSchema
from fink_lib.surveys.checks import check_cutouts, check_known, decode
from fink_lib.surveys.simulated import Change, CountingIds

MICRODAYS = 1_000_000
MAX_LONG = 2**63 - 1
_STAMPS_EACH = 3


@lru_cache(maxsize=8)
def _parsed(text: str) -> Any:
    return fastavro.parse_schema(json.loads(text))


class Shift(NamedTuple):
    """What one copy differs by.

    Attributes
    ----------
    days, microdays
        Shift in time: whole days, and millionths of a day within the night.
    ra_deg
        Rotation in right ascension.
    letters
        Permutation of the alphabet, for object names.
    """

    days: int
    microdays: int
    ra_deg: float
    letters: dict[int, int]


@dataclass(frozen=True)
class _Base:
    """One real packet, decoded."""

    schema: AvroSchema
    writer: Any
    record: Mapping[str, Any]
    night_days: int
    microday: int


class Amplifier:
    """Derives any number of packets from a few real ones.

    Parameters
    ----------
    messages
        Real, whole packets of the survey.
    survey
        Whose packets they are; it must know how to make copies, or its ids must count time.
    seed
        The same seed gives the same bytes.
    change
        Called with each new packet, decoded, and its number; what it returns is written.

    Raises
    ------
    ConfigError
        When there is no packet.
    """

    def __init__(self, messages: Sequence[bytes], survey: Survey, seed: int = 0, change: Change | None = None) -> None:
        self._survey, self._seed, self._change = survey, seed, change
        self._bases = [self._read(message) for message in messages]
        if not self._bases:
            raise ConfigError(f"no packet of {survey.name} to amplify")
        self._renoise = Renoiser(seed)

    def _read(self, message: bytes) -> _Base:
        datum = self._survey.framing.unwrap(message)
        check_known(datum.schema, self._survey)
        record = decode(datum)
        check_cutouts(record, self._survey)
        days = value_at(record, self._survey.fields.time) + self._survey.night.days_to_epoch
        return _Base(datum.schema, _parsed(json.dumps(datum.schema)), record, int(days // 1), int(days % 1 * MICRODAYS))

    def __call__(self, count: int) -> Iterator[bytes]:
        """Yield packets of one night, the one of the first real packet, every alert id once.

        Raises
        ------
        ConfigError
            When nothing says how the survey's ids move, or they leave no room for so many.
        """
        for number, (base, record) in enumerate(self._records(count)):
            yield self._written(base, record, number)

    def _records(self, count: int) -> Iterator[tuple[_Base, dict[str, Any]]]:
        copy, ids = self._survey.simulated.copy, self._survey.simulated.ids
        if ids is not None:
            return _Shifted(self._bases, self._survey, ids, self._seed)(count)
        if copy is None:
            raise ConfigError(f"packets of {self._survey.name} cannot be amplified: nothing says how its ids move")
        night = UNIX_EPOCH_DATE + dt.timedelta(days=self._bases[0].night_days)
        chosen = (self._bases[number % len(self._bases)] for number in range(count))
        return ((base, copy(base.record, night, number, self._seed)) for number, base in enumerate(chosen))

    def _written(self, base: _Base, record: dict[str, Any], number: int) -> bytes:
        for draw, root in enumerate(self._survey.cutout_roots):
            stamp = record.get(root)
            if isinstance(stamp, Mapping) and stamp.get("stampData"):
                record[root] = {**stamp, "stampData": self._renoise(stamp["stampData"], number * _STAMPS_EACH + draw)}
            elif isinstance(stamp, bytes) and stamp:
                record[root] = self._renoise(stamp, number * _STAMPS_EACH + draw)
        if self._change is not None:
            record = self._change(record, number)
        out = io.BytesIO()
        fastavro.schemaless_writer(out, base.writer, record)
        return self._survey.framing.wrap(base.schema, out.getvalue())


class _Shifted:
    """Copies of packets whose ids count time, by shifts of it.

    Parameters
    ----------
    bases, survey, ids, seed
        The packets, whose they are, how ids move, and the seed of all shifts.
    """

    def __init__(self, bases: Sequence[_Base], survey: Survey, ids: CountingIds, seed: int) -> None:
        self._bases, self._ids, self._seed = bases, ids, seed
        self._alert_id, self._object_id = survey.fields.alert_id, survey.fields.object_id

    def __call__(self, count: int) -> Iterator[tuple[_Base, dict[str, Any]]]:
        """Yield each packet and its copy, every alert id once."""
        copies = -(-count // len(self._bases))
        rng = random.Random(self._seed)  # noqa: S311 - a load that can be repeated, nothing secret
        room = MICRODAYS - max(base.microday for base in self._bases) - 1
        ids: set[int] = set()
        names: set[str] = set()
        for number in range(count):
            copy, index = divmod(number, len(self._bases))
            if index == 0:
                letters = self._new_letters(rng, names)
                around = rng.uniform(0.0, 360.0)
            base = self._bases[index]
            shift = Shift(self._bases[0].night_days - base.night_days, copy * max(room // copies, 1), around, letters)
            yield base, self._derive(base, self._free(base, shift, ids, room))

    def _new_letters(self, rng: random.Random, names: set[str]) -> dict[int, int]:
        """Permute the alphabet so that no object gets the name of one that was named before."""
        while True:
            shuffled = rng.sample(string.ascii_lowercase, 26)
            letters = str.maketrans(string.ascii_lowercase, "".join(shuffled))
            fresh = {self._renamed(base.record, letters) for base in self._bases}
            if names.isdisjoint(fresh):
                names |= fresh
                return letters

    def _renamed(self, record: Mapping[str, Any], letters: dict[int, int]) -> str:
        """Return the name of a new object: the survey's letters in front stay."""
        name, kept = str(record[self._object_id]), self._ids.object_prefix
        return name[:kept] + name[kept:].translate(letters)

    def _moved_id(self, base: _Base, shift: Shift) -> int:
        return _shifted(base.record[self._alert_id], self._alert_id, shift, self._ids)

    def _free(self, base: _Base, shift: Shift, ids: set[int], room: int) -> Shift:
        """Return the shift, moved on by a millionth of a day until the alert id is free."""
        for more in range(room):
            moved = shift._replace(microdays=(shift.microdays + more) % max(room, 1))
            alert_id = self._moved_id(base, moved)
            if alert_id not in ids:
                ids.add(alert_id)
                return moved
        raise ConfigError(f"{len(ids)} packets fill the night: amplify fewer, or from more real packets")

    def _derive(self, base: _Base, shift: Shift) -> dict[str, Any]:
        record = {
            **base.record,
            self._alert_id: self._moved_id(base, shift),
            self._object_id: self._renamed(base.record, shift.letters),
        }
        for root in self._ids.rows:
            value = record.get(root)
            if isinstance(value, list):
                record[root] = [_shift_row(row, shift, self._ids) for row in value]
            elif value is not None:
                record[root] = _shift_row(value, shift, self._ids)
        return record


def _shift_row(row: Mapping[str, Any], shift: Shift, ids: CountingIds) -> dict[str, Any]:
    moved = dict(row)
    for key in ids.times:
        if (time := row.get(key)) is not None and time > 0:
            moved[key] = time + shift.days + shift.microdays / MICRODAYS
    for key in ids.per_microday:
        if (identity := row.get(key)) is not None:
            moved[key] = _shifted(identity, key, shift, ids)
    for key in ids.angles:
        if (angle := row.get(key)) is not None and angle >= 0:
            moved[key] = (angle + shift.ra_deg) % 360.0
    if row.get(ids.per_day) is not None:
        moved[ids.per_day] = row[ids.per_day] + shift.days
    return moved


def _shifted(identity: int, key: str, shift: Shift, ids: CountingIds) -> int:
    moved = identity + (shift.days * MICRODAYS + shift.microdays) * ids.per_microday[key]
    if not 0 <= moved <= MAX_LONG:
        raise ConfigError(f"{key} {identity} shifted by {shift.days} days is {moved}: it does not fit 63 bits")
    return moved
