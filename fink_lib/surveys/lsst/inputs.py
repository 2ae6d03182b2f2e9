"""Which field of a Rubin packet feeds which canonical input."""

from fink_lib.surveys.inputs import ABSENT, BAND, FILLERS, HOST, NUMBER, SIGNED, TEXT, SurveyInputs

LSST_INPUTS = SurveyInputs(
    alert_id="diaSource.diaSourceId",  # packets before 8.0 have it there alone
    scalars={
        "time": ("diaSource.midpointMjdTai", NUMBER),  # MJD, TAI, days
        "ra": ("diaSource.ra", NUMBER),
        "dec": ("diaSource.dec", NUMBER),
        "band": ("diaSource.band", BAND),
        "n_detections": ("diaObject.nDiaSources", NUMBER),
        "flux": ("diaSource.psfFlux", SIGNED),  # nJy
        "reliability": ("diaSource.reliability", NUMBER),  # of the detection, 0 to 1
        "template_flux": ("diaSource.templateFlux", SIGNED),  # nJy
        "template_flux_err": ("diaSource.templateFluxErr", NUMBER),  # nJy
        "sso_source": ("ssSource.ssObjectId", TEXT),  # null where the record is; its digits exceed a float's
        "sso_offset": ("ssSource.ephOffset", NUMBER),  # arcsec
        **dict.fromkeys(HOST, ABSENT),
    },
    current="diaSource",
    history="prvDiaSources",
    points={
        "time": ("midpointMjdTai", NUMBER),
        "band": ("band", BAND),
        "flux": ("psfFlux", SIGNED),  # nJy
        "flux_err": ("psfFluxErr", NUMBER),  # nJy
        "ra": ("ra", NUMBER),
        "dec": ("dec", NUMBER),
    },
    same_point=("band", "flux", "ra", "dec"),
    forced="prvDiaForcedSources",
    forced_points={
        "time": ("midpointMjdTai", NUMBER),
        "band": ("band", BAND),
        "flux": ("psfFlux", SIGNED),  # nJy, negative where the source is below its template
        "flux_err": ("psfFluxErr", NUMBER),  # nJy
    },
    fillers=FILLERS,
    stamps={"science": "cutoutScience", "template": "cutoutTemplate", "difference": "cutoutDifference"},
)
