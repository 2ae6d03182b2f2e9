"""Many packets out of few, for load tests: ids unique and consistent, times shifted, stamps with new noise.

ZTF numbers count time: a night number ``nid`` in days, ``pid = nid·10⁹ + …`` and ``candid = pid·10⁶ + …``
whose next six digits are the fraction of the day. A shift by t days is therefore jd+t, pid+t·10⁹ and
candid+t·10¹⁵, exact for multiples of 10⁻⁶ day. Results are for load alone, never for accuracy or rates.
"""

import io
import json
import random
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import fastavro

from fink_lib.errors import ConfigError
from fink_lib.simulator.stamps import Renoiser
from fink_lib.surveys import Survey, value_at
from fink_lib.surveys.base import AvroSchema
from fink_lib.surveys.checks import check_cutouts, check_known, decode

MICRODAYS = 1_000_000
MAX_LONG = 2**63 - 1
_ROWS = ("candidate", "prv_candidates", "fp_hists")
_TIMES = ("jd", "jdstarthist", "jdendhist")
_RIGHT_ASCENSIONS = ("ra", "ranr")
_PER_MICRODAY = {"pid": 10**3, "candid": 10**9}
_STAMPS_EACH = 3

Change = Callable[[dict[str, Any], int], dict[str, Any]]


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
        Whose packets they are; it must number alerts as ZTF does.
    seed
        The same seed gives the same bytes.
    change
        Called with each new packet, decoded, and its number; what it returns is written.

    Raises
    ------
    ConfigError
        When there is no packet, or the survey numbers its alerts otherwise.
    """

    def __init__(self, messages: Sequence[bytes], survey: Survey, seed: int = 0, change: Change | None = None) -> None:
        if survey.fields.time != "candidate.jd":
            raise ConfigError(f"packets of {survey.name} cannot be amplified: its ids do not count time as ZTF's do")
        self._survey = survey
        self._seed, self._change = seed, change
        self._bases = [self._read(message) for message in messages]
        if not self._bases:
            raise ConfigError("no packet to amplify")
        self._renoise = Renoiser(seed)

    def _read(self, message: bytes) -> _Base:
        datum = self._survey.framing.unwrap(message)
        check_known(datum.schema, self._survey)
        record = decode(datum)
        check_cutouts(record, self._survey)
        days = value_at(record, self._survey.fields.time) + self._survey.night.days_to_epoch
        return _Base(datum.schema, _parsed(json.dumps(datum.schema)), record, int(days // 1), int(days % 1 * MICRODAYS))

    def __call__(self, count: int) -> Iterator[bytes]:
        """Yield packets of one night, the one of the first real packet, every alert id once."""
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
            yield self._derive(base, self._free(base, shift, ids, room), number)

    def _new_letters(self, rng: random.Random, names: set[str]) -> dict[int, int]:
        """Permute the alphabet so that no object gets the name of one that was named before."""
        while True:
            shuffled = rng.sample(string.ascii_lowercase, 26)
            letters = str.maketrans(string.ascii_lowercase, "".join(shuffled))
            fresh = {str(base.record["objectId"])[3:].translate(letters) for base in self._bases}
            if names.isdisjoint(fresh):
                names |= fresh
                return letters

    def _free(self, base: _Base, shift: Shift, ids: set[int], room: int) -> Shift:
        """Return the shift, moved on by a millionth of a day until the alert id is free."""
        for more in range(room):
            moved = shift._replace(microdays=(shift.microdays + more) % max(room, 1))
            alert_id = _shifted(base.record["candid"], "candid", moved)
            if alert_id not in ids:
                ids.add(alert_id)
                return moved
        raise ConfigError(f"{len(ids)} packets fill the night: amplify fewer, or from more real packets")

    def _derive(self, base: _Base, shift: Shift, number: int) -> bytes:
        record = {**base.record, "candid": _shifted(base.record["candid"], "candid", shift)}
        name = str(record["objectId"])
        record["objectId"] = name[:3] + name[3:].translate(shift.letters)
        for root in _ROWS:
            value = record.get(root)
            if isinstance(value, list):
                record[root] = [_shift_row(row, shift) for row in value]
            elif value is not None:
                record[root] = _shift_row(value, shift)
        for draw, root in enumerate(self._survey.cutout_roots):
            stamp = record.get(root)
            if stamp and stamp.get("stampData"):
                data = self._renoise(stamp["stampData"], number * _STAMPS_EACH + draw)
                record[root] = {**stamp, "stampData": data}
        if self._change is not None:
            record = self._change(record, number)
        out = io.BytesIO()
        fastavro.schemaless_writer(out, base.writer, record)
        return self._survey.framing.wrap(base.schema, out.getvalue())


def _shift_row(row: Mapping[str, Any], shift: Shift) -> dict[str, Any]:
    moved = dict(row)
    for key in _TIMES:
        if (time := row.get(key)) is not None and time > 0:
            moved[key] = time + shift.days + shift.microdays / MICRODAYS
    for key in _PER_MICRODAY:
        if (identity := row.get(key)) is not None:
            moved[key] = _shifted(identity, key, shift)
    for key in _RIGHT_ASCENSIONS:
        if (angle := row.get(key)) is not None and angle >= 0:
            moved[key] = (angle + shift.ra_deg) % 360.0
    if row.get("nid") is not None:
        moved["nid"] = row["nid"] + shift.days
    return moved


def _shifted(identity: int, key: str, shift: Shift) -> int:
    moved = identity + (shift.days * MICRODAYS + shift.microdays) * _PER_MICRODAY[key]
    if not 0 <= moved <= MAX_LONG:
        raise ConfigError(f"{key} {identity} shifted by {shift.days} days is {moved}: it does not fit 63 bits")
    return moved
