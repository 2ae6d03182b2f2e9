"""Labels out of a file in the form of TNS's public one."""

from pathlib import Path

import pytest

from fink_lib.community.consensus import Evidence, evidence_of
from fink_lib.community.kinds import Origin
from fink_lib.community.log import Log
from fink_lib.community.people import STRANGER, Person
from fink_lib.community.saying import say
from fink_lib.errors import ConfigError
from fink_lib.followup.reports.tns_import import labels_of

FILE = b""""2026-01-20 00:00:00"
"objid","name_prefix","name","ra","declination","type","internal_names"
"1","SN","2021abc","10.0","5.0","SN Ia","ZTF21acoshvy, ATLAS21xyz"
"2","AT","2021abd","10.0","5.0","","ZTF21aaaaaaa"
"3","SN","2021abe","10.0","5.0","SN Iax[02cx-like]","PS21a,ZTF21aaaaaab"
"4","SN","2026abf","10.0","5.0","SN II","LSST-AP-DO-170028510166188133"
"5","SN","2021abg","10.0","5.0","SN of tomorrow","ZTF21aaaaaac"
"6","SN","2021abh","10.0","5.0","SN II","12345"
"""


def test_the_labels_of_a_file(tmp_path: Path) -> None:
    drafts = list(labels_of(FILE))
    assert [(one.survey, one.object_id, one.label) for one in drafts] == [
        ("ztf", "ZTF21acoshvy", "SN Ia"),
        ("ztf", "ZTF21aaaaaab", "SN Iax"),
        ("lsst", "170028510166188133", "SN II"),
    ]
    assert drafts[0].body["external_name"] == "SN 2021abc"
    log = Log(tmp_path)
    for _ in range(2):
        say(log, Person("tns", is_program=True), drafts, Origin.TNS)
    rows = log.now().select(STRANGER)
    assert len(rows) == 3
    assert {evidence_of(row) for row in rows} == {Evidence.SPECTROSCOPIC}


@pytest.mark.parametrize("raw", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"internal_names,x\n1,2\n"])
def test_what_is_no_file_of_tns(raw: bytes) -> None:
    with pytest.raises(ConfigError, match="no file of TNS"):
        list(labels_of(raw))
