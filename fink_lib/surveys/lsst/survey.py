"""Rubin/LSST: Confluent wire format, MJD in TAI, ``day_obs`` nights, flags of quality as cuts."""

import pyarrow.compute as pc

from fink_lib.nights import NightRule, TimeFormat
from fink_lib.sky import Site
from fink_lib.surveys.base import Fields, Survey
from fink_lib.surveys.configured_schemas import ConfiguredSchemas
from fink_lib.surveys.connection import Input
from fink_lib.surveys.facts import (
    ColumnFacts,
    KnowledgeFacts,
    NewSources,
    NightCalendar,
    NightFacts,
    NightFlag,
    OutsideColumn,
    PacketRule,
    within_unit_range,
)
from fink_lib.surveys.framing import ConfluentFraming
from fink_lib.surveys.lsst.cuts import CUTS
from fink_lib.surveys.lsst.inputs import LSST_INPUTS
from fink_lib.surveys.lsst.mappings import MAPPINGS, NEWEST, OLDEST
from fink_lib.surveys.lsst.published import PUBLISHED
from fink_lib.surveys.lsst.served import SERVED
from fink_lib.surveys.lsst.simulated import SIMULATED
from fink_lib.surveys.lsst.ucds import UCDS
from fink_lib.surveys.objects import MovingPhotometry, ObjectFacts
from fink_lib.surveys.schemas import load

# LSST Science Pipelines, `Observatory` of the camera; the height is that of Cerro Pachon's summit
CERRO_PACHON = Site("Cerro Pachon", -70.749417, -30.244639, 2650.0)
NAMED = 0.9  # 3 of 136 real packets lack the record of their object: some do, and are kept

LSST = Survey(
    name="lsst",
    framing=ConfluentFraming(ConfiguredSchemas("lsst", PUBLISHED), OLDEST),
    input=Input(
        topic_pattern=r"lsst-alerts-v[0-9]+(\.[0-9]+)?",  # one a minor version before May 2026, one a major since
        topic_format="lsst-alerts-v{major}",
        newest=NEWEST,
        subjects=r"alert-packet|lsst-alerts-v[0-9]+\.[0-9]+-value",
        group_of_user=True,
    ),
    night=NightRule(TimeFormat.MJD_TAI, offset_h=-12.0),
    calendar=NightCalendar(CERRO_PACHON),
    fields=Fields(
        alert_id="diaSource.diaSourceId",
        object_id="diaSource.diaObjectId",
        object_name="(SSO)?-?[0-9]{1,19}",
        moving_id="diaSource.ssObjectId",
        moving_prefix="SSO",
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
        no_object="0",  # for static and for moving objects
    ),
    inputs=LSST_INPUTS,
    reader_schema=load("fink_lib.surveys.lsst"),
    public="true",
    bands={band: band for band in "ugrizy"},
    cuts=CUTS,
    rules=(
        within_unit_range("reliability", "diaSource.reliability", "reliability score", "warning"),
        PacketRule(
            "object_named",
            "diaSource.diaObjectId <> 0 OR diaSource.ssObjectId <> 0",
            "At least 90 % of the sources belong to a static or to a moving object.",
            mostly=NAMED,
        ),
        PacketRule(
            "object_told",
            "diaObject.diaObjectId IS NOT NULL OR ssSource.ssObjectId IS NOT NULL",
            "At least 90 % of the packets bring the record of the object that their source belongs to.",
            mostly=NAMED,
        ),
    ),
    knowledge=KnowledgeFacts(common_filters=()),
    columns=ColumnFacts(
        units={
            "midpointMjdTai": "MJD (TAI)",
            **dict.fromkeys(("ra", "dec"), "deg"),
            "trailLength": "arcsec",
            **dict.fromkeys(("psfFlux", "psfFluxErr", "apFlux", "apFluxErr", "trailFlux"), "nJy"),
            **dict.fromkeys(("scienceFlux", "scienceFluxErr", "templateFlux", "templateFluxErr"), "nJy"),
            **{f"{band}_psfFlux{what}": "nJy" for band in "ugrizy" for what in ("Mean", "MeanErr", "Max")},
            **dict.fromkeys(("ixx", "iyy", "ixy"), "arcsec2"),
        },
        ucds=UCDS,
        outside=(
            OutsideColumn("simbad_otype", "string"),
            OutsideColumn("gaiadr3_DR3Name", "string"),
            OutsideColumn("gaiadr3_Plx", "float", "mas"),
            OutsideColumn("gaiadr3_e_Plx", "float", "mas"),
            OutsideColumn("legacydr8_zphot", "float"),
        ),
    ),
    new_sources=NewSources(
        first_seen="diaObject.firstDiaSourceMjdTai",  # moving objects have none
        trusted=~pc.field("diaSource", "isNegative"),
        needs=("diaSource.isNegative",),
    ),
    report=NightFacts(scores=("diaSource.reliability",), label="label"),
    objects=ObjectFacts(
        error_paths=("diaSource.raErr", "diaSource.decErr"),
        association_arcsec=1.0,  # two diaObjects within it arise where images one after the other run in parallel
        moving=NightFlag(pc.field("diaSource", "ssObjectId") != 0, ("diaSource.ssObjectId",)),
        designations=(
            "mpc_orbits.unpacked_primary_provisional_designation",
            "ssSource.designation",
            "MPCORB.mpcDesignation",
            "diaSource.ssObjectId",
        ),
        photometry=MovingPhotometry(
            "diaSource.psfFlux",
            "diaSource.psfFluxErr",
            zero_point=31.4,  # AB, of nJy
            orbit=tuple(f"mpc_orbits.{name}" for name in ("q", "e", "i", "node", "argperi", "peri_time")),
        ),
    ),
    served=SERVED,
    mappings=MAPPINGS,
    simulated=SIMULATED,
    published=PUBLISHED,
)
