"""SIMBAD's labels: which mean another galaxy or something in one, in the words of today and of before 2022.

The pairs are those of https://simbad.cds.unistra.fr/guide/otypes.labels.txt.
"""

from collections.abc import Mapping

UNKNOWN = "Unknown"
FAILED_PREFIX = "Fail"
TRANSIENT = "Transient"
GALAXY_PREFIX = "Galaxy"

# Labels that changed in 2022 and that Fink's list of extragalactic labels still has in their old form.
RENAMED: Mapping[str, str] = {
    "SN": "Supernova",
    "Candidate_SN*": "SN*_Candidate",
    "EmG": "EmissionG",
    "Seyfert_1": "Seyfert1",
    "Seyfert_2": "Seyfert2",
    "BlueCompG": "BlueCompactG",
    "LSB_G": "LowSurfBrghtG",
    "HII_G": "HIIG",
    "GinGroup": "GtowardsGroup",
    "GinCl": "GtowardsCl",
    "BClG": "BrightestCG",
    "IG": "InteractingG",
    "Possible_G": "G_Candidate",
    "Possible_GrG": "GrG_Candidate",
    "Possible_ClG": "ClG_Candidate",
    "Possible_SClG": "SClG_Candidate",
}
UNCHANGED = frozenset(
    {
        "galaxy",
        "Galaxy",
        "Seyfert",
        "StarburstG",
        "High_z_G",
        "GinPair",
        "PartofG",
        "Compact_Gr_G",
        "PairG",
        "GroupG",
        "ClG",
        "SuperClG",
        "Void",
        "LINER",
        "GravLens_Candidate",
    }
)

# Fink's list, outages included: what its classification calls the host of a possible supernova.
FINK_EXTRAGALACTIC = (
    UNCHANGED
    | (RENAMED.keys() - {"Possible_G", "Possible_GrG"})
    | {"SN*_Candidate", UNKNOWN, TRANSIENT, "Fail", "Fail 504"}
)
# Words that SIMBAD's answers hold too, and that neither list names.
ALSO_SEEN = frozenset({"Galaxy_Candidate", "GtowardsPair", "HighzG", "SuperClG_Candidate"})
# What it should have been: old and new words, and no outages. The one list that all modules and filters read.
EXTRAGALACTIC = UNCHANGED | RENAMED.keys() | frozenset(RENAMED.values()) | ALSO_SEEN

# Galaxies whose nucleus may be what varies: a class where nothing better is known.
ACTIVE = frozenset({"Seyfert", "Seyfert_1", "Seyfert1", "Seyfert_2", "Seyfert2", "LINER"})
SUPERNOVAE = frozenset({"SN", "Supernova"})


def current(label: str) -> str:
    """Return SIMBAD's word of today for a label."""
    return RENAMED.get(label, label)


def is_answer(label: str | None) -> bool:
    """Tell whether the service answered: an outage is no answer, neither is a null."""
    return bool(label) and not str(label).startswith(FAILED_PREFIX)
