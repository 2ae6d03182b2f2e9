"""What can be simulated of ZTF.

Its numbers count time: a night number ``nid`` in days, ``pid = nid·10⁹ + …`` and ``candid = pid·10⁶ + …``, whose next
six digits are the fraction of the day. A shift by t days is therefore jd+t, pid+t·10⁹ and candid+t·10¹⁵, exact for
multiples of 10⁻⁶ day.
"""

import datetime as dt

from fink_lib.surveys.published import Archive
from fink_lib.surveys.simulated import CountingIds, SampleNight, Simulated
from fink_lib.surveys.ztf.young import make_young

SIMULATED = Simulated(
    ids=CountingIds(
        object_prefix=3,
        rows=("candidate", "prv_candidates", "fp_hists"),
        times=("jd", "jdstarthist", "jdendhist"),
        angles=("ra", "ranr"),
        per_microday={"pid": 10**3, "candid": 10**9},
        per_day="nid",
    ),
    young=make_young,
    sample=SampleNight(
        night=dt.date(2021, 11, 22),
        alerts=320,
        archive=Archive("fink-science", "7.4.0", "cd4bdd43d405746ef73e5d515274f2c2d75c6c417c0949196a11fb1e704653c9"),
        member="fink_science/data/alerts/CTAO_blazar_datatest_v20-12-24.parquet",
        sha256="48768172249b58dd9e0d627b4a71ec0c93bde42835ec3e1328faccbd2253abd1",
    ),
)
