"""ZTF alerts as they are served: the names are those of Fink's API for ZTF."""

from fink_lib.surveys.served import ServedFacts

SERVED = ServedFacts(
    kept=(
        *("fid", "pid", "programid", "field", "rcid", "isdiffpos", "magpsf", "sigmapsf", "diffmaglim"),
        *("magnr", "sigmagnr", "distnr", "rb", "drb", "classtar", "fwhm", "ndethist", "jdstarthist"),
        *("ssdistnr", "ssnamenr", "sgscore1", "distpsnr1", "neargaia"),
    ),
    science=(
        *("finkclass", "class_default", "roid", "nalerthist", "vsx", "gcvs", "tns", "mag_rate", "is_transient"),
        *("snn_snia_vs_nonia", "snn_sn_vs_all", "rf_snia_vs_nonia", "rf_kn_vs_nonkn", "mulens", "anomaly_score"),
    ),
    class_column="finkclass",
    elsewhere={
        "Fink": "https://ztf.fink-portal.org/{object}",
        "ALeRCE": "https://alerce.online/object/{object}",
        "Lasair": "https://lasair-ztf.lsst.ac.uk/objects/{object}/",
    },
)
