"""What a label of SIMBAD says stands at the place: a star, an active nucleus, a galaxy, a transient, or nothing."""

from enum import StrEnum

from fink_lib.science.methods.classify import labels


class Kind(StrEnum):
    """What stands there."""

    STAR = "star"
    AGN = "AGN"
    GALAXY = "galaxy"
    TRANSIENT = "transient"
    NOTHING = "nothing"  # SIMBAD answered, and has no source there
    UNDECIDED = "undecided"  # an outage, a source known by its wavelength alone, or one that is no single object


ACTIVE = labels.ACTIVE | {
    *("AGN", "AGN_Candidate", "QSO", "QSO_Candidate", "Blazar", "Blazar_Candidate", "BLLac", "BLLac_Candidate"),
    *("RadioG", "OVV", "Candidate_QSO", "Candidate_BLLac", "Candidate_Blazar"),
}
# SIMBAD knows that something shines there at some wavelength, and not what.
WAVELENGTHS = frozenset(
    {"Radio", "Radio(cm)", "Radio(mm)", "Radio(sub-mm)", "IR", "NIR", "MIR", "FIR", "Blue", "UV", "X", "gamma", "UVEx"}
    | {"EmObj", "EmissionObj", "Inexistent", "Blend", "Region", "multiple_object", "gammaBurst", "gravitation", "HI"}
    | {"metricRad", "cmRad", "mmRad", "smmRad", "Radio(m)", "radioBurst", "Infrared", "NearIR", "MidIR", "FarIR"}
    | {"blue", "Optical", "Variable", "ULX", "ULX_Candidate", "Maser", "Gravitation", "GravWaveEvent"}
)
# Lenses and clusters of stars or galaxies: no single star, nucleus or host.
SEVERAL = frozenset(
    {"LensedImage", "LensedQ", "LensedG", "GravLensSystem", "GravLens", "GlCl", "GlCl?", "OpCl", "Cluster*"}
    | {"GlobCluster", "GlobCluster_Candidate", "OpenCluster", "Cl*", "Cl*?", "Cluster*_Candidate", "Assoc*", "Assoc*?"}
    | {"Association", "Association_Candidate", "MouvGroup", "Stream", "protoClG", "protoClG_Candidate"}
    | {"LensedImage_Candidate", "GravLensSystem_Candidate"}
)
# Clouds, nebulae and what flows out of stars: a planetary nebula is none of them, but what a star is within.
INTERSTELLAR = frozenset(
    {"ISM", "PartofCloud", "Cloud", "GalNeb", "BrNeb", "DkNeb", "DarkNeb", "RfNeb", "RefNeb", "MolCld", "Globule"}
    | {"ComGlob", "CometGlob", "denseCore", "HVCld", "HVCloud", "HII", "HIIReg", "HIshell", "Bubble", "Filament"}
    | {"SFregion", "StarFormingReg", "SNR", "SNR?", "SNRemnant", "SNRemnant_Candidate", "Circumstellar"}
    | {"outflow", "outflow?", "Outflow", "Outflow_Candidate", "HH", "HerbigHaroObj"}
)


def kind_of(label: str | None) -> Kind:
    """Return what a label says; of any word but those of other galaxies and of no one kind, a star of ours."""
    if label is None or not labels.is_answer(label):
        return Kind.UNDECIDED
    if label == labels.UNKNOWN:
        return Kind.NOTHING
    if label in WAVELENGTHS | SEVERAL | INTERSTELLAR | {labels.TRANSIENT}:
        return Kind.UNDECIDED
    if label in labels.SUPERNOVAE | {"SN*_Candidate", "Candidate_SN*"}:
        return Kind.TRANSIENT
    if label in ACTIVE:
        return Kind.AGN
    return Kind.GALAXY if label in labels.EXTRAGALACTIC else Kind.STAR
