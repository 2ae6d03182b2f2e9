"""What Rubin's packet fields are, in the IVOA's controlled words (UCD1+ 1.5)."""

UCDS = {
    "midpointMjdTai": "time.epoch;obs",
    "visit": "meta.id;obs",
    "detector": "meta.id;instr.det",
    "ssObjectId": "meta.id;src",
    **dict.fromkeys(("psfFlux", "scienceFlux", "templateFlux", "apFlux"), "phot.flux.density;em.opt"),
    **dict.fromkeys(
        ("psfFluxErr", "scienceFluxErr", "templateFluxErr", "apFluxErr"), "stat.error;phot.flux.density;em.opt"
    ),
    "snr": "stat.snr",
    "reliability": "meta.code.qual",
    "extendedness": "src.class.starGalaxy",
    "isDipole": "meta.code",
    "isNegative": "meta.code",
    "pixelFlags": "meta.code.qual",
    "trailLength": "phys.angSize",
}
