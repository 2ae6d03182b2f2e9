"""Lenses, lensed sources and black holes of SIMBAD."""

from fink_lib.filters.base import Filter
from fink_lib.filters.conditions import one_of

# SIMBAD's branch of gravitation, in the words before 2022 and since.
LABELS = (
    *("Gravitation", "LensingEv", "GravLensSystem", "GravLens", "LensedImage", "LensedG", "LensedQ"),
    *("BlackHole", "GravWaveEvent", "GravLens_Candidate", "LensSystem_Candidate", "BlackHole_Candidate"),
    *("Candidate_LensSystem", "Candidate_Lens", "Possible_lensImage", "LensedImage_Candidate", "Candidate_BH"),
)

FILTER = Filter(
    name="simbad_grav_candidates",
    version="1.0",
    survey="ztf",
    clauses=(one_of("SIMBAD names a lens, a lensed source or a black hole", "cdsxmatch", LABELS),),
    description="Alerts at the place of a gravitational lens, a lensed source or a black hole of SIMBAD.",
    example="Measure the delay between the images of a lensed quasar that brightens.",
    owner="microlensing",
    reference="SIMBAD, Wenger et al. 2000, A&AS 143, 9; Fink's topic of the same name",
)
