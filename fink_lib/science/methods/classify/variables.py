"""What the types of the catalogues of variable stars say: a star that varies, one that does not, or no star of ours.

GCVS and VSX list supernovae, galaxies and active nuclei that were once taken for stars (GCVS's types SN, GAL, QSO,
BLLAC; VSX's Galaxy, AGN, BLAZAR), and stars that turned out to be constant (CST) or no variable (NON-CV).
"""

from fink_lib.science.framework.base import NO_MATCH

# Upper case; a type belongs where it begins with one of these.
OF_OTHER_GALAXIES = ("SN", "GAL", "AGN", "QSO", "BLLAC", "BLAZAR")
CONSTANT = ("CST", "NON-CV")


def is_variable_star(kind: str | None) -> bool:
    """Tell whether the type of a matched source is that of a variable star of our Galaxy; of any but a known type, no.

    An empty type is one: the catalogue has the star, and not yet its type.
    """
    return kind is not None and kind != NO_MATCH and not (is_of_other_galaxies(kind) or is_constant(kind))


def is_of_other_galaxies(kind: str | None) -> bool:
    """Tell whether the type is that of a galaxy, or of something in one."""
    return kind is not None and kind.strip().upper().startswith(OF_OTHER_GALAXIES)


def is_constant(kind: str | None) -> bool:
    """Tell whether the type is that of a star that turned out not to vary."""
    return kind is not None and kind.strip().upper().startswith(CONSTANT)
