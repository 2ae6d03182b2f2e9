"""A survey that the repository does not know: a folder of its own is all that ELAsTiCC needs.

Its packets are simulated Rubin alerts in Avro containers, of a schema of 2022 with other names for most fields.
"""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import fastavro
import pytest

from fink_lib.avro.schema import resolved
from fink_lib.config import PROJECT_DIR

FOLDER = '''"""ELAsTiCC: simulated Rubin alerts of 2022 in containers, MJD in TAI."""

from fink_lib.nights import NightRule, TimeFormat
from fink_lib.sky import Site
from fink_lib.surveys.base import Fields, Survey
from fink_lib.surveys.connection import Input
from fink_lib.surveys.facts import ColumnFacts, NewSources, NightCalendar
from fink_lib.surveys.framing import ContainerFraming
from fink_lib.surveys.inputs import BAND, NUMBER, TEXT, SurveyInputs
from fink_lib.surveys.schemas import load

SURVEY = Survey(
    name="elasticc",
    framing=ContainerFraming(),
    input=Input(topic_pattern=r"elasticc_[0-9]{8}", topic_format="elasticc_%Y%m%d"),
    night=NightRule(TimeFormat.MJD_TAI, offset_h=-12.0),
    calendar=NightCalendar(Site("Cerro Pachon", -70.749417, -30.244639, 2650.0)),
    fields=Fields(
        *("diaSource.diaSourceId", "diaSource.diaObjectId", "diaSource.midPointTai", "diaSource.ra", "diaSource.decl"),
        *("diaSource.filterName", "prvDiaSources"),
        cutouts=("cutoutDifference", "cutoutTemplate"),
        required=("diaSource.diaSourceId", "diaSource.midPointTai", "diaSource.ra", "diaSource.decl"),
        object_name="[0-9]{1,19}",
    ),
    inputs=SurveyInputs(
        alert_id="diaSource.diaSourceId",
        scalars={
            "time": ("diaSource.midPointTai", NUMBER),
            "ra": ("diaSource.ra", NUMBER),
            "dec": ("diaSource.decl", NUMBER),
            "object_id": ("diaSource.diaObjectId", TEXT),
            "band": ("diaSource.filterName", BAND),
        },
        current="diaSource",
        history="prvDiaSources",
        points={"time": ("midPointTai", NUMBER), "band": ("filterName", BAND)},
        stamps={},
    ),
    reader_schema=load(__name__),
    public="true",
    bands={"u": "u", "g": "g", "r": "r", "i": "i", "z": "z", "Y": "y"},
    columns=ColumnFacts(units={"midPointTai": "MJD (TAI)", "ra": "deg", "decl": "deg", "psFlux": "nJy"}),
)
'''
ASKS = """
import json, sys
from pathlib import Path
from fink_lib.config import Settings
from fink_lib.distribute.output_topics import is_output_topic
from fink_lib.filters.registry import filters_of
from fink_lib.maintenance.run import known_specs
from fink_lib.offline.packets import Packet
from fink_lib.science.framework.registry import modules_of
from fink_lib.science.framework.runner import run
from fink_lib.science.framework.batch_builder import form_batch
from fink_lib.science.framework.silver import silver_spec
from fink_lib.simulator.packets import examine
from fink_lib.surveys import SURVEYS, get_survey
from fink_lib.surveys.checks import decode
from fink_lib.surveys.registry import running_surveys

survey = get_survey("elasticc")
messages = [file.read_bytes() for file in sorted(Path(sys.argv[1]).glob("*.avro"))]
facts = [examine(message, survey) for message in messages]
packets = [decode(survey.framing.unwrap(message)) for message in messages]
print(json.dumps({
    "listed": sorted(SURVEYS),
    "running": [one.name for one in running_surveys(Settings(surveys="ztf,elasticc"))],
    "modules": [one.name for one in modules_of("elasticc")],
    "filters": [one.topic for one in filters_of("elasticc")],
    "tables": sorted(spec.full_name for spec in known_specs(Path("/nowhere")) if spec.survey == "elasticc"),
    "columns": [name for name in silver_spec(survey).plain_schema.names],
    "ids": [one.alert_id for one in facts],
    "nights": sorted({str(one.night) for one in facts}),
    "expected": sorted({one.expected for one in facts}),
    "decoded": [packet["diaSource"]["diaSourceId"] for packet in packets],
}))
"""


@pytest.fixture
def packets(shared_data: Path, tmp_path: Path) -> Path:
    """A hundred of its packets."""
    folder = tmp_path / "packets"
    with tarfile.open(shared_data / "elasticc" / "packets_v0_9.tar.gz") as tar:
        members = [one for one in tar if one.name.endswith(".avro")][:100]
        tar.extractall(folder, members, filter="data")
    return folder


def beside(code: Path, inner: str) -> Path:
    """Lay out the code as links, with a true folder at one place, and return that: what is added there is all."""
    folder, source = code, PROJECT_DIR
    for part in Path(inner).parts:
        folder, source = folder / part, source / part
        folder.mkdir(parents=True)
        for one in source.iterdir():
            if one.name != "surveys":
                (folder / one.name).symlink_to(one)
    return folder


@pytest.fixture
def told(packets: Path, tmp_path: Path) -> dict[str, Any]:
    """What the broker says of it, once its folder lies among those of the surveys."""
    code = tmp_path / "code"
    folder = beside(code, "fink_lib/surveys") / "elasticc"
    folder.mkdir()
    (folder / "__init__.py").write_text(FOLDER)
    with next(packets.rglob("*.avro")).open("rb") as file:
        schema = fastavro.reader(file).writer_schema
    (folder / "reader.avsc").write_text(json.dumps(resolved(schema)))
    command = [sys.executable, "-c", ASKS, str(packets)]
    where = {**os.environ, "PYTHONPATH": str(code)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=code, env=where, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_folder_is_all_that_a_survey_needs(told: dict[str, Any]) -> None:
    """Streams, tables, science and filters find it, and read its packets; all else is the code as it is."""
    assert told["listed"] == ["elasticc", "lsst", "winter", "ztf"]
    assert told["running"] == ["ztf", "elasticc"]
    assert len(told["ids"]) == len(set(told["ids"])) == 100
    assert told["decoded"] == told["ids"]
    assert told["expected"] == ["bronze"]
    assert told["nights"][0] >= "2022-01-01"
    assert {"bronze_elasticc__alerts", "silver_elasticc__alerts", "gold_elasticc__published"} <= set(told["tables"])
    assert {"alert_id", "object_id", "diaSource", "diaObject", "vsx", "gcvs"} <= set(told["columns"])
    assert "crossmatch_spicy" in told["modules"]
