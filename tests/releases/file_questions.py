"""Files, mails and posts that v0.1.0 got wrong, asked of either release; `fault_inputs` writes the files."""

import datetime as dt
import math
import smtplib
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
import pyarrow.parquet as pq

from fink_lib.catalogs.known import Angle, CatalogSource
from fink_lib.catalogs.reading import read_catalog
from fink_lib.catalogs.sources import CatalogFile
from fink_lib.catalogs.standard import write_standard
from fink_lib.config import Settings
from fink_lib.notices.outbox import Action, Entry
from fink_lib.notices.sinks import webhook
from fink_lib.offline.packets import packets_of
from fink_lib.simulator.packets import examine, messages_of
from fink_lib.simulator.reading import Content
from fink_lib.surveys import ZTF

Broker = Any


def _nightly(path: Path, column: str, source_id: str = "") -> list[Any]:
    """Return a column of what the nightly table holds of a file."""
    out = path.with_suffix(".parquet")
    write_standard(CatalogFile(name="mine", paths=(path,), source_id=source_id), out)
    return pq.read_table(out)[column].to_pylist()


def _streamed(path: Path, column: str) -> list[Any]:
    """Return a column of what the modules of the stream see of a file, told that it writes no degrees."""
    names = {"name": "mine", "package": "", "file": path.name, "reference": ""}
    source = CatalogSource(**names, ra="ra", dec="dec", label="label", angle=Angle.SEXAGESIMAL)
    return read_catalog(source, [path])[column].to_pylist()


def _both(path: Path, column: str) -> list[Any]:
    """Return what each reader makes of a column, rounded, or the kind of error that it ends with."""
    return [_or_error(reader, path, column) for reader in (_nightly, _streamed)]


def _or_error(reader: Any, path: Path, column: str) -> Any:
    try:
        return [_shown(value) for value in reader(path, column)]
    except Exception as problem:  # noqa: BLE001 - which one it is, is the answer
        return type(problem).__name__


def _shown(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return "nan" if math.isnan(value) else round(value, 4)


def catalogue_of_64_bit_ids(_broker: Broker, folder: Path) -> Any:
    return _nightly(folder / "ids.csv", "source_id", "source_id")


def catalogue_of_leading_zeros(_broker: Broker, folder: Path) -> Any:
    return _nightly(folder / "zeros.csv", "source_id", "source_id")


def catalogue_with_dashes(_broker: Broker, folder: Path) -> Any:
    return _or_error(_nightly, folder / "dashes.csv", "label")


def catalogue_in_latin_1(_broker: Broker, folder: Path) -> Any:
    return _both(folder / "latin.csv", "label")


def right_ascension_in_letters(_broker: Broker, folder: Path) -> Any:
    return _both(folder / "letters.csv", "ra")


def right_ascension_in_colons(_broker: Broker, folder: Path) -> Any:
    return _both(folder / "colons.csv", "ra")


def declination_behind_a_minus_sign(_broker: Broker, folder: Path) -> Any:
    return _both(folder / "minus.csv", "dec")


def rows_that_are_short(_broker: Broker, folder: Path) -> Any:
    return _both(folder / "short.csv", "label")


def three_alerts_in_a_file_offline(_broker: Broker, folder: Path) -> Any:
    return [packet["candid"] % 10 for packet in packets_of(folder / "three.avro", ZTF)]


def three_alerts_in_a_file_in_play(_broker: Broker, folder: Path) -> Any:
    content = Content("three.avro", (folder / "three.avro").read_bytes())
    return [examine(message, ZTF).expected for message, _ in messages_of(content, ZTF)]


def archive_of_bzip2(_broker: Broker, folder: Path) -> Any:
    return len(list(packets_of(folder / "night.tar.bz2", ZTF)))


def archive_with_a_password(_broker: Broker, folder: Path) -> Any:
    try:
        return len(list(packets_of(folder / "locked.zip", ZTF)))
    except Exception as problem:  # noqa: BLE001 - which one it is, is the answer
        return [type(problem).__name__, "unpack it" in str(problem)]


def mail_to_the_submission_port(broker: Broker, _folder: Path) -> Any:
    """Tell what a mail server hears, up to the password."""
    with mock.patch.object(smtplib, "SMTP") as server:
        broker.mail_server("smtp://me:secret@mail.example.org:587")
    said = [name for name, *_ in server.return_value.method_calls]
    return [name for name in said if name in {"starttls", "login"}]


def ids_in_a_post(_broker: Broker, _folder: Path) -> Any:
    """Tell how the facts of a post name an alert whose id no float holds."""
    now, ids = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), (2**53 + 1,)
    values = {"attempts": 0, "error": "", "steps": 1, "action": next(iter(Action)), "at": now, "alert_ids": ids}
    texts = dict.fromkeys(("subscription", "key", "survey", "night", "subject", "text"), "x")
    with mock.patch.object(httpx, "post") as post:
        post.return_value.is_success = True
        webhook(Settings(), "http://127.0.0.1:1", Entry(**texts, **values, facts={"alert_ids": list(ids)}))
    body = post.call_args.kwargs["json"]
    return {name: value for name, value in body.items() if name.startswith("alert_ids")}
