"""ZTF: one Avro container a message, JD in UTC, a topic a night, i band and bad subtractions cut."""

from fink_lib.nights import NightRule, TimeFormat
from fink_lib.surveys.base import Cut, Fields, Survey
from fink_lib.surveys.framing import ContainerFraming
from fink_lib.surveys.schemas import load

ZTF = Survey(
    name="ztf",
    framing=ContainerFraming(),
    topic_pattern=r"ztf_\d{8}_programid\d+",
    topic_format="ztf_%Y%m%d_programid1",
    night=NightRule(TimeFormat.JD_UTC, offset_h=0.0),
    fields=Fields(
        alert_id="candid",
        object_id="objectId",
        time="candidate.jd",
        ra="candidate.ra",
        dec="candidate.dec",
        band="candidate.fid",
        history="prv_candidates",
        cutouts=("cutoutScience.stampData", "cutoutTemplate.stampData", "cutoutDifference.stampData"),
        required=("candid", "candidate.jd", "candidate.fid", "candidate.ra", "candidate.dec", "candidate.magpsf"),
    ),
    reader_schema=load("ztf"),
    public="candidate.programid = 1",
    bands={"1": "g", "2": "r", "3": "i"},
    cuts=(
        Cut("nbad", "candidate.nbad = 0", "No prior-tagged bad pixel in the 5x5 stamp (Fink's ZTF quality cut)."),
        Cut("rb", "candidate.rb >= 0.55", "Real-bogus score of at least 0.55 (Fink's ZTF quality cut)."),
    ),
    band_cut=Cut("i_band", "candidate.fid != 3", "Fink drops the i band; kept here unless FINK_KEEP_I_BAND=false."),
    cutout_gzip=True,
)
