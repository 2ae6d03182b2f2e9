"""Which field of a ZTF packet feeds which canonical input."""

from fink_lib.surveys.inputs import BAND, FILLERS, NEIGHBOURS, NUMBER, SIGN, TEXT, SurveyInputs

ZTF_INPUTS = SurveyInputs(
    alert_id="candid",
    scalars={
        "object_id": ("objectId", TEXT),
        "time": ("candidate.jd", NUMBER),  # JD, UTC, days
        "ra": ("candidate.ra", NUMBER),  # deg
        "dec": ("candidate.dec", NUMBER),  # deg
        "band": ("candidate.fid", BAND),
        "n_detections": ("candidate.ndethist", NUMBER),  # detections within 1.5 arcsec since the survey began
        "first_time": ("candidate.jdstarthist", NUMBER),  # JD, UTC, days
        "sso_separation": ("candidate.ssdistnr", NUMBER),  # arcsec; -999 where no known object is near
        "ps1_separation": ("candidate.distpsnr1", NUMBER),  # arcsec
        "ps1_star_score": ("candidate.sgscore1", NUMBER),  # 0 galaxy, 1 star
        "real_bogus": ("candidate.rb", NUMBER),
        "deep_real_bogus": ("candidate.drb", NUMBER),
        "star_galaxy": ("candidate.classtar", NUMBER),
        "ref_separation": ("candidate.distnr", NUMBER),  # pixels
        "mag": ("candidate.magpsf", NUMBER),  # difference magnitude
        "mag_err": ("candidate.sigmapsf", NUMBER),
        "is_positive": ("candidate.isdiffpos", SIGN),
        "ref_mag": ("candidate.magnr", NUMBER),
        "ref_mag_err": ("candidate.sigmagnr", NUMBER),
        "peak_snr": ("candidate.scorr", NUMBER),  # of the matched-filter image
        "n_bad_pixels": ("candidate.nbad", NUMBER),
        "fwhm_px": ("candidate.fwhm", NUMBER),
        "elongation": ("candidate.elong", NUMBER),
        "aperture_minus_psf": ("candidate.magdiff", NUMBER),  # mag
        "gaia_separation": ("candidate.neargaia", NUMBER),  # arcsec; absent neighbours are -999, here and below
        "gaia_mag": ("candidate.maggaia", NUMBER),
        "gaia_bright_separation": ("candidate.neargaiabright", NUMBER),  # arcsec; nearest one brighter than 14 mag
        "gaia_bright_mag": ("candidate.maggaiabright", NUMBER),
        "ps1_g_mag": ("candidate.sgmag1", NUMBER),
        "ps1_r_mag": ("candidate.srmag1", NUMBER),
        "ps1_i_mag": ("candidate.simag1", NUMBER),
        "ps1_z_mag": ("candidate.szmag1", NUMBER),
        "ps1_separation_2": ("candidate.distpsnr2", NUMBER),  # arcsec
        "ps1_star_score_2": ("candidate.sgscore2", NUMBER),
        "ps1_r_mag_2": ("candidate.srmag2", NUMBER),
        "ps1_separation_3": ("candidate.distpsnr3", NUMBER),  # arcsec
        "ps1_star_score_3": ("candidate.sgscore3", NUMBER),
        "ps1_r_mag_3": ("candidate.srmag3", NUMBER),
    },
    current="candidate",
    history="prv_candidates",
    points={
        "time": ("jd", NUMBER),
        "band": ("fid", BAND),
        "mag": ("magpsf", NUMBER),  # difference magnitude; null is an upper limit
        "mag_err": ("sigmapsf", NUMBER),
        "mag_limit": ("diffmaglim", NUMBER),
        "ref_mag": ("magnr", NUMBER),
        "ref_mag_err": ("sigmagnr", NUMBER),
        "ref_separation": ("distnr", NUMBER),  # pixels
        "is_positive": ("isdiffpos", SIGN),
        "ra": ("ra", NUMBER),
        "dec": ("dec", NUMBER),
    },
    forced="fp_hists",
    forced_points={
        "time": ("jd", NUMBER),
        "band": ("fid", BAND),
        "counts": ("forcediffimflux", NUMBER),  # of the difference image; -99999 where it failed
        "counts_err": ("forcediffimfluxunc", NUMBER),
        "zero_point_mag": ("magzpsci", NUMBER),
    },
    stamps={
        "science": "cutoutScience.stampData",
        "template": "cutoutTemplate.stampData",
        "difference": "cutoutDifference.stampData",
    },
    stamp_scalars=("first_time", "is_positive", "mag", "time"),
    same_point=("band", "mag", "mag_limit", "ra", "dec"),
    fillers=FILLERS,
    none_there=NEIGHBOURS,
)
