"""Batches made from bytes are those made from decoded packets, to the bit, over every real packet at hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fink_lib.config import Settings
from fink_lib.errors import ConfigError
from fink_lib.offline.datums import batches_of_files
from fink_lib.offline.packets import packets_of
from fink_lib.offline.run import batches_of
from fink_lib.science.framework.batch import AlertBatch
from fink_lib.science.framework.registry import modules_of
from fink_lib.surveys import get_survey

ZTF = (
    "ztf_public_20181129.tar.gz",
    "ztf_public_20200101.tar.gz",
    "ztf_public_20211122.tar.gz",
    "ztf_public_20231018.tar.gz",
    "ztf_mixed_versions.tar.gz",
    "ztf_microlensing_55_nights.tar.gz",
)


def parts_of(batch: AlertBatch) -> dict[str, Any]:
    found: dict[str, Any] = {
        "alert_id": batch.alert_id,
        "offsets": batch.offsets,
        "forced_offsets": batch.forced_offsets,
    }
    for name in ("scalars", "histories", "stamps", "forced"):
        found |= {f"{name}.{key}": value for key, value in getattr(batch, name).items()}
    return found


def assert_equal(mine: AlertBatch, theirs: AlertBatch) -> None:
    ours, others = parts_of(mine), parts_of(theirs)
    assert list(ours) == list(others)
    for name, values in ours.items():
        if values.dtype == object:
            assert list(values) == list(others[name]), name
        else:
            np.testing.assert_array_equal(values, others[name], err_msg=name)


@pytest.mark.parametrize("archive", ZTF)
def test_every_input_is_the_decoded_packets(archive: str, shared_data: Path) -> None:
    survey, path = get_survey("ztf"), shared_data / "ztf" / archive
    modules = modules_of("ztf")
    mine = list(batches_of_files(path, modules, survey, 200))
    theirs = list(batches_of(packets_of(path, survey), modules, survey, 200))
    assert len(mine) == len(theirs) > 0
    for one, other in zip(mine, theirs, strict=True):
        assert_equal(one, other)


def test_ids_are_whole_beside_a_packet_that_has_none(shared_data: Path) -> None:
    """A null among them would make doubles of all, which cannot tell 19 digits."""
    survey, modules, path = get_survey("ztf"), modules_of("ztf"), shared_data / "ztf" / "ztf_mixed_versions.tar.gz"
    packets = list(packets_of(path, survey))
    ids = [packet["candid"] for packet in packets if packet.get("candid") is not None]
    assert 0 < len(ids) < len(packets)
    for batches in (batches_of_files(path, modules, survey), batches_of(packets, modules, survey)):
        found = [batch.alert_id for batch in batches]
        assert {one.dtype for one in found} == {np.dtype(np.int64)}
        assert [int(each) for one in found for each in one] == ids


def test_rubins_messages_are_read_with_the_schemas_that_they_name(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINK_LSST_SCHEMAS", str(shared_data / "schemas" / "lsst"))
    assert Settings().of_survey("lsst").schemas is not None
    survey, path = get_survey("lsst"), shared_data / "lsst" / "lsst_v10_0_wire.tar.gz"
    modules = modules_of("lsst")
    mine = list(batches_of_files(path, modules, survey))
    theirs = list(batches_of(packets_of(path, survey), modules, survey))
    assert sum(map(len, mine)) == sum(map(len, theirs)) == 136
    for one, other in zip(mine, theirs, strict=True):
        assert_equal(one, other)


def test_a_folder_without_a_packet_says_so(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("no packet")
    with pytest.raises(ConfigError, match="holds no packet of ztf"):
        list(batches_of_files(tmp_path, modules_of("ztf"), get_survey("ztf")))
