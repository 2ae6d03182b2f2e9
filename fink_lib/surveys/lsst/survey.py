"""Rubin/LSST: Confluent wire format, MJD in TAI, ``day_obs`` nights, no quality cut."""

from fink_lib.nights import NightRule, TimeFormat
from fink_lib.sky import Site
from fink_lib.surveys.base import Fields, Survey
from fink_lib.surveys.connection import Input
from fink_lib.surveys.facts import (
    ColumnFacts,
    KnowledgeFacts,
    NightCalendar,
    NightFacts,
    OutsideColumn,
    within_unit_range,
)
from fink_lib.surveys.framing import ConfluentFraming
from fink_lib.surveys.lsst.inputs import LSST_INPUTS
from fink_lib.surveys.schema_source import configured_schemas
from fink_lib.surveys.schemas import load

# LSST Science Pipelines, `Observatory` of the camera; the height is that of Cerro Pachon's summit
CERRO_PACHON = Site("Cerro Pachon", -70.749417, -30.244639, 2650.0)

LSST = Survey(
    name="lsst",
    framing=ConfluentFraming(configured_schemas("lsst")),
    input=Input(topic_pattern=r"lsst-alerts.*", topic_format="lsst-alerts-v10.0"),
    night=NightRule(TimeFormat.MJD_TAI, offset_h=-12.0),
    calendar=NightCalendar(CERRO_PACHON),
    fields=Fields(
        alert_id="diaSource.diaSourceId",
        object_id="diaSource.diaObjectId",
        object_name="-?[0-9]{1,19}",
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
    inputs=LSST_INPUTS,
    reader_schema=load("fink_lib.surveys.lsst"),
    public="true",
    bands={band: band for band in "ugrizy"},
    rules=(within_unit_range("reliability", "diaSource.reliability", "reliability score", "warning"),),
    knowledge=KnowledgeFacts(stream_modules=("variable_stars",), common_filters=()),
    columns=ColumnFacts(
        units={
            "midpointMjdTai": "MJD (TAI)",
            **dict.fromkeys(("ra", "dec"), "deg"),
            "trailLength": "arcsec",
            **dict.fromkeys(("psfFlux", "psfFluxErr", "templateFlux", "trailFlux"), "nJy"),
            **{f"{band}_psfFlux{what}": "nJy" for band in "ugrizy" for what in ("Mean", "MeanErr", "Max")},
            **dict.fromkeys(("ixx", "iyy", "ixy"), "arcsec2"),
        },
        outside=(
            OutsideColumn("simbad_otype", "string"),
            OutsideColumn("gaiadr3_DR3Name", "string"),
            OutsideColumn("gaiadr3_Plx", "float", "mas"),
            OutsideColumn("gaiadr3_e_Plx", "float", "mas"),
            OutsideColumn("legacydr8_zphot", "float"),
        ),
    ),
    report=NightFacts(scores=("diaSource.reliability",), label="label_rubin"),
)
