"""WINTER, the Wide-field Infrared Transient Explorer at Palomar: containers, JD in UTC, bands Y, J and Hs, no cut.

Filter numbers are those of its pipeline (mirar, `winter_filters_map`); the texts of its schema number them otherwise.
"""

from fink_lib.nights import NightRule, TimeFormat
from fink_lib.sky import Site
from fink_lib.surveys.base import Fields, Survey
from fink_lib.surveys.connection import Input
from fink_lib.surveys.facts import ColumnFacts, NightCalendar, NightFacts, within_unit_range
from fink_lib.surveys.framing import ContainerFraming
from fink_lib.surveys.inputs import BAND, FILLERS, NEIGHBOURS, NUMBER, SIGN, TEXT, SurveyInputs
from fink_lib.surveys.schemas import load

PLAIN = {"n_detections": "ndethist", "first_time": "jdstarthist", "sso_separation": "ssdistnr", "real_bogus": "rb"}
PLAIN |= {"time": "jd", "ra": "ra", "dec": "dec", "mag": "magpsf", "mag_err": "sigmapsf"}
PLAIN |= {"gaia_separation": "neargaia", "gaia_mag": "maggaia"}
PLAIN |= {"gaia_bright_separation": "neargaiabright", "gaia_bright_mag": "maggaiabright"}
PLAIN |= {f"ps1_separation{place}": f"distpsnr{n}" for n, place in enumerate(("", "_2", "_3"), 1)}
PLAIN |= {f"ps1_star_score{place}": f"sgscore{n}" for n, place in enumerate(("", "_2", "_3"), 1)}
POINTS = {"time": ("jd", NUMBER), "band": ("fid", BAND), "mag": ("magpsf", NUMBER), "mag_err": ("sigmapsf", NUMBER)}

SURVEY = Survey(
    name="winter",
    framing=ContainerFraming(),
    input=Input(topic_pattern=r"winter_\d{8}", topic_format="winter_%Y%m%d"),
    night=NightRule(TimeFormat.JD_UTC, offset_h=0.0),
    calendar=NightCalendar(Site("Palomar", -116.863, 33.356, 1706.0)),  # IRAF's observatory database
    fields=Fields(
        *("candid", "objectid", "candidate.jd", "candidate.ra", "candidate.dec", "candidate.fid", "prv_candidates"),
        cutouts=("cutout_science", "cutout_template", "cutout_difference"),
        required=("candid", "candidate.jd", "candidate.fid", "candidate.ra", "candidate.dec", "candidate.magpsf"),
    ),
    inputs=SurveyInputs(
        alert_id="candid",
        scalars={name: (f"candidate.{path}", NUMBER) for name, path in PLAIN.items()}
        | {
            "object_id": ("objectid", TEXT),
            "band": ("candidate.fid", BAND),
            "is_positive": ("candidate.isdiffpos", SIGN),
        },
        current="candidate",
        history="prv_candidates",
        points=POINTS,
        stamps={name: f"cutout_{name}" for name in ("science", "template", "difference")},
        fillers=FILLERS,
        none_there=NEIGHBOURS & PLAIN.keys(),
    ),
    reader_schema=load(__name__),
    public="candidate.programid = 1",
    bands={"1": "Y", "2": "J", "3": "Hs"},
    rules=(within_unit_range("rb", "candidate.rb", "real-bogus score", "warning"),),
    columns=ColumnFacts(units={"jd": "JD (UTC)", "magpsf": "mag", "ra": "deg", "dec": "deg", "distpsnr1": "arcsec"}),
    report=NightFacts(scores=("candidate.rb",), sky_field="candidate.field"),
    cutout_gzip=True,
)
