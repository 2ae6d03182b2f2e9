"""Rubin/LSST: Confluent wire format, MJD in TAI, ``day_obs`` nights, no quality cut."""

from pathlib import Path

from fink_lib.config import Settings
from fink_lib.nights import NightRule, TimeFormat
from fink_lib.surveys.base import Fields, Survey
from fink_lib.surveys.framing import ConfluentFraming
from fink_lib.surveys.schema_source import LazySchemas
from fink_lib.surveys.schemas import load


def _schema_folder() -> Path | None:
    return Settings().lsst_schemas


LSST = Survey(
    name="lsst",
    framing=ConfluentFraming(LazySchemas(_schema_folder)),
    topic_pattern=r"lsst-alerts.*",
    topic_format="lsst-alerts-v10.0",
    night=NightRule(TimeFormat.MJD_TAI, offset_h=-12.0),
    fields=Fields(
        alert_id="diaSource.diaSourceId",
        object_id="diaSource.diaObjectId",
        time="diaSource.midpointMjdTai",
        ra="diaSource.ra",
        dec="diaSource.dec",
        band="diaSource.band",
        history="prvDiaSources",
        cutouts=("cutoutScience", "cutoutTemplate", "cutoutDifference"),
        required=(
            "diaSource.diaSourceId",
            "diaSource.midpointMjdTai",
            "diaSource.ra",
            "diaSource.dec",
            "diaSource.band",
        ),
        no_object="0",  # an alert of the Solar System
    ),
    reader_schema=load("lsst"),
    public="true",
    bands={band: band for band in "ugrizy"},
    streams_enabled=False,
)
