"""Rubin alerts as they are served: the names are those of Fink's API for LSST."""

from fink_lib.surveys.served import ServedFacts

SERVED = ServedFacts(
    packet_prefix="r:",
    science_prefix="f:",
    object_parameter="diaObjectId",
    alert_parameter="diaSourceId",
    time_column="midpointMjdTai",
    kept=(
        *("visit", "detector", "ssObjectId", "psfFlux", "psfFluxErr", "scienceFlux", "scienceFluxErr"),
        *("templateFlux", "templateFluxErr", "apFlux", "apFluxErr", "snr", "reliability", "extendedness"),
        *("isDipole", "isNegative", "pixelFlags", "trailLength"),
    ),
    science=("label", "vsx", "gcvs", "tns"),
    class_column="label",
    object_record="diaObject",
    by_object="sources",
    total_flux=("scienceFlux", "scienceFluxErr"),
    elsewhere={
        "Fink": "https://lsst.fink-portal.org/{object}",
        "Lasair": "https://lasair.lsst.ac.uk/objects/{object}/",
    },
)
