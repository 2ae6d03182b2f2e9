"""Which field of a Rubin packet feeds which canonical input."""

from fink_lib.surveys.inputs import ABSENT, BAND, HOST, NUMBER, TEXT, SurveyInputs

LSST_INPUTS = SurveyInputs(
    alert_id="diaSourceId",
    scalars={
        "time": ("diaSource.midpointMjdTai", NUMBER),  # MJD, TAI, days
        "ra": ("diaSource.ra", NUMBER),
        "dec": ("diaSource.dec", NUMBER),
        "band": ("diaSource.band", BAND),
        "n_detections": ("diaObject.nDiaSources", NUMBER),
        "flux": ("diaSource.psfFlux", NUMBER),  # nJy
        "template_flux": ("diaSource.templateFlux", NUMBER),  # nJy
        "template_flux_err": ("diaSource.templateFluxErr", NUMBER),  # nJy
        "sso_source": ("ssSource.diaSourceId", TEXT),  # kept as it is: its digits exceed a float's
        "sso_offset": ("ssSource.ephOffset", NUMBER),  # arcsec
        **dict.fromkeys(HOST, ABSENT),
    },
    current="diaSource",
    history="prvDiaSources",
    points={
        "time": ("midpointMjdTai", NUMBER),
        "band": ("band", BAND),
        "flux": ("psfFlux", NUMBER),  # nJy
        "flux_err": ("psfFluxErr", NUMBER),  # nJy
        "ra": ("ra", NUMBER),
        "dec": ("dec", NUMBER),
    },
    same_point=("band", "flux", "ra", "dec"),
    forced="prvDiaForcedSources",
    forced_points={
        "time": ("midpointMjdTai", NUMBER),
        "band": ("band", BAND),
        "flux": ("psfFlux", NUMBER),  # nJy, negative where the source is below its template
        "flux_err": ("psfFluxErr", NUMBER),  # nJy
    },
    stamps={"science": "cutoutScience", "template": "cutoutTemplate", "difference": "cutoutDifference"},
)
