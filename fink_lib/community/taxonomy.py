"""What things are called: trees of classes with versions; a version that was used is never changed.

The tree `fink` follows the broad lines of the classes that surveys and the Transient Name Server report. Classes of
the broker's own modules are mapped to it by `BROKER_CLASSES`: what machines and people say can be laid side by side.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from fink_lib.errors import ConfigError


@dataclass(frozen=True)
class Taxonomy:
    """A tree of classes.

    Attributes
    ----------
    name, version
        Which.
    parents
        Class → the class above it; empty for those at the top.
    """

    name: str
    version: int
    parents: Mapping[str, str]

    @property
    def full_name(self) -> str:
        """Name with version, as statements have it."""
        return f"{self.name}/{self.version}"

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """Classes without classes below them, in the order of the tree."""
        above = set(self.parents.values())
        return tuple(one for one in self.parents if one not in above)

    def line(self, label: str) -> Iterator[str]:
        """Yield a class and those above it, upwards."""
        while label:
            yield label
            label = self.parents[label]

    def agree(self, one: str, other: str) -> bool:
        """Tell whether two labels can both be true: they are the same, or one is above the other.

        Parameters
        ----------
        one, other
            Labels of this taxonomy.
        """
        return one in self.line(other) or other in self.line(one)


_FINK_1 = """
transient
. supernova
. . SN Ia
. . . SN Ia-91T
. . . SN Ia-91bg
. . . SN Iax
. . SN Ib/c
. . . SN Ib
. . . SN Ic
. . . SN Ic-BL
. . SN II
. . . SN IIP
. . . SN IIL
. . . SN IIn
. . . SN IIb
. . SLSN
. . . SLSN-I
. . . SLSN-II
. kilonova
. GRB afterglow
. TDE
. nova
. microlensing
. luminous red nova
. stellar flare
variable star
. pulsating
. . RR Lyrae
. . Cepheid
. . delta Scuti
. . long-period variable
. eclipsing binary
. rotating
. cataclysmic variable
. young stellar object
AGN
. blazar
. Seyfert
. QSO
Solar System
. asteroid
. comet
artefact
. satellite glint
. bogus
unknown
"""
# Classes of the modules `classification` and of the labels of SIMBAD that it passes on → classes of `fink`
BROKER_CLASSES: Mapping[str, str] = {
    "Early SN Ia candidate": "SN Ia",
    "SN candidate": "supernova",
    "Kilonova candidate": "kilonova",
    "Microlensing candidate": "microlensing",
    "Solar System MPC": "Solar System",
    "Solar System candidate": "Solar System",
    "Tracklet": "satellite glint",
    "Ambiguous": "unknown",
    "Unknown": "unknown",
    "Variable star": "variable star",
    "RRLyrae": "RR Lyrae",
    "EclBin": "eclipsing binary",
    "Cepheid": "Cepheid",
    "classicalCep": "Cepheid",
    "delSctV*": "delta Scuti",
    "LongPeriodV*": "long-period variable",
    "LPV*": "long-period variable",
    "Mira": "long-period variable",
    "CataclyV*": "cataclysmic variable",
    "Nova": "nova",
    "YSO": "young stellar object",
    "Supernova": "supernova",
    "AGN": "AGN",
    "QSO": "QSO",
    "BLLac": "blazar",
    "Blazar": "blazar",
    "Seyfert": "Seyfert",
    "Seyfert1": "Seyfert",
    "Seyfert2": "Seyfert",
}


def _tree(text: str) -> dict[str, str]:
    """Read a tree, whose dots tell the depth of a class."""
    parents: dict[str, str] = {}
    above: list[str] = [""]
    for line in text.strip().splitlines():
        depth, name = line.count(". "), line.replace(". ", "")
        parents[name] = above[depth]
        above[depth + 1 :] = [name]
    return parents


TAXONOMIES: Mapping[str, Taxonomy] = {one.full_name: one for one in (Taxonomy("fink", 1, _tree(_FINK_1)),)}
NEWEST, UNKNOWN = "fink/1", "unknown"


def taxonomy(full_name: str) -> Taxonomy:
    """Return a taxonomy.

    Raises
    ------
    ConfigError
        When there is none of a name and version.
    """
    if full_name not in TAXONOMIES:
        raise ConfigError(f"there is no taxonomy '{full_name}': {', '.join(TAXONOMIES)}")
    return TAXONOMIES[full_name]


def broker_class(label: str) -> str:
    """Return the class of `NEWEST` that a class of the broker is; ``unknown`` for one that has no place in it.

    A class may be passed on from the Transient Name Server, ``(TNS) SN Ia``, or from a catalogue of variable stars,
    ``(VSX) RRAB``.
    """
    source, _, name = label.rpartition(") ")
    if source == "(TNS":
        return name if name in TAXONOMIES[NEWEST].parents else UNKNOWN
    return "variable star" if source else BROKER_CLASSES.get(label, UNKNOWN)


def check_label(full_name: str, label: str) -> None:
    """Make sure that a taxonomy has a class.

    Parameters
    ----------
    full_name
        Of the taxonomy, with its version.
    label
        As somebody gave it.

    Raises
    ------
    ConfigError
        When it has not, naming classes that are close.
    """
    import difflib  # noqa: PLC0415 - for a refusal alone

    known = taxonomy(full_name).parents
    if label not in known:
        close = difflib.get_close_matches(label, known, n=3) or list(known)[:5]
        raise ConfigError(f"{full_name} has no class '{label}': for example {', '.join(close)}")
