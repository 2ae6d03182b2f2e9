"""ZTF: one Avro container a message, JD in UTC, a topic a night, bad subtractions cut."""

import pyarrow.compute as pc

from fink_lib.nights import NightRule, TimeFormat
from fink_lib.sky import Site
from fink_lib.surveys.base import Cut, Fields, Programme, Survey
from fink_lib.surveys.connection import Input
from fink_lib.surveys.facts import (
    CATALOGUED_VARIABLE,
    ColumnFacts,
    KnowledgeFacts,
    NightCalendar,
    NightFacts,
    NightFlag,
    OutsideColumn,
    PacketRule,
    within_unit_range,
)
from fink_lib.surveys.framing import ContainerFraming
from fink_lib.surveys.objects import MovingPhotometry, ObjectFacts
from fink_lib.surveys.schemas import load
from fink_lib.surveys.ztf.inputs import ZTF_INPUTS
from fink_lib.surveys.ztf.new_sources import NEW_SOURCES
from fink_lib.surveys.ztf.served import SERVED
from fink_lib.surveys.ztf.simulated import SIMULATED
from fink_lib.surveys.ztf.ucds import UCDS

# Values of `roid`
KNOWN_OBJECT, CANDIDATE = 3, 2

ZTF = Survey(
    name="ztf",
    framing=ContainerFraming(),
    input=Input(topic_pattern=r"ztf_\d{8}_programid\d+", topic_format="ztf_%Y%m%d_programid1"),
    night=NightRule(TimeFormat.JD_UTC, offset_h=0.0),
    calendar=NightCalendar(Site("Palomar", -116.863, 33.356, 1706.0)),  # IRAF's observatory database
    fields=Fields(
        alert_id="candid",
        object_id="objectId",
        object_name="ZTF[0-9]{2}[a-z]{7}",
        time="candidate.jd",
        ra="candidate.ra",
        dec="candidate.dec",
        band="candidate.fid",
        history="prv_candidates",
        cutouts=("cutoutScience.stampData", "cutoutTemplate.stampData", "cutoutDifference.stampData"),
        required=("candid", "candidate.jd", "candidate.fid", "candidate.ra", "candidate.dec", "candidate.magpsf"),
    ),
    inputs=ZTF_INPUTS,
    reader_schema=load("fink_lib.surveys.ztf"),
    public="candidate.programid = 1",
    bands={"1": "g", "2": "r", "3": "i"},
    cuts=(
        Cut("nbad", "candidate.nbad = 0", "No prior-tagged bad pixel in the 5x5 stamp (Fink's ZTF quality cut)."),
        Cut("rb", "candidate.rb >= 0.55", "Real-bogus score of at least 0.55 (Fink's ZTF quality cut)."),
    ),
    optional_cuts=(
        Cut("i_band", "candidate.fid != 3", "Fink drops the i band; kept here by default."),
        Cut("drb", "candidate.drb >= 0.5", "Deep-learning real-bogus score of at least 0.5 (Duev et al. 2019)."),
        Cut("fwhm", "candidate.fwhm <= 5.0", "Width of at most 5 pixels (Masci et al. 2019)."),
        Cut("elong", "candidate.elong <= 1.2", "Elongation of at most 1.2 (Masci et al. 2019)."),
        Cut("scorr", "candidate.scorr >= 5.0", "Peak of the matched-filter image of at least 5 sigma."),
    ),
    rules=(
        PacketRule(
            "programid", "candidate.programid IN (1, 2, 3)", "The programme is public, partnership or Caltech time."
        ),
        within_unit_range("rb", "candidate.rb", "real-bogus score", "critical"),
        within_unit_range("drb", "candidate.drb", "deep score", "warning"),
        PacketRule(
            "magpsf", "candidate.magpsf BETWEEN 5 AND 30", "The magnitude is one that the telescope can measure."
        ),
    ),
    knowledge=KnowledgeFacts(common_filters=()),
    columns=ColumnFacts(
        units={
            **dict.fromkeys(("jd", "jdstarthist"), "JD (UTC)"),
            **dict.fromkeys(("magpsf", "sigmapsf", "diffmaglim", "magnr", "sigmagnr", "maggaiabright"), "mag"),
            **dict.fromkeys(("ra", "dec"), "deg"),
            **dict.fromkeys(("distpsnr1", "ssdistnr", "neargaia", "neargaiabright"), "arcsec"),
            **dict.fromkeys(("distnr", "fwhm"), "pixels"),
        },
        ucds=UCDS,
        outside=(OutsideColumn("cdsxmatch", "string"),),
    ),
    report=NightFacts(
        scores=("candidate.drb", "candidate.rb"),
        flags={
            "sso_known": NightFlag(pc.field("roid") == KNOWN_OBJECT, ("roid",)),
            "sso_candidate": NightFlag(pc.field("roid") == CANDIDATE, ("roid",)),
            "first_detection": NightFlag(pc.field("nalerthist") == 1, ("nalerthist",)),
            **CATALOGUED_VARIABLE,
        },
        sky_field="candidate.field",
        moving="roid",
        label="class_default",
    ),
    objects=ObjectFacts(
        typical_error_arcsec=0.16,  # median scatter of the detections in 590 public packets with five or more
        association_arcsec=1.5,  # Masci et al. 2019, PASP 131, 018003
        moving=NightFlag(pc.field("roid") == KNOWN_OBJECT, ("roid",)),
        may_move=NightFlag(pc.field("roid").isin([CANDIDATE, KNOWN_OBJECT]), ("roid",)),
        designations=("candidate.ssnamenr",),
        photometry=MovingPhotometry("candidate.magpsf", "candidate.sigmapsf"),
    ),
    served=SERVED,
    simulated=SIMULATED,
    new_sources=NEW_SOURCES,
    programmes=(
        Programme("partnership", 2, "candidate.programid = 2"),
        Programme("caltech", 3, "candidate.programid = 3"),
    ),
    points_withheld=("prv_candidates", "fp_hists"),
    cutout_gzip=True,
)
