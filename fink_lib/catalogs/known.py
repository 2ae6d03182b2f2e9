"""Which catalogues the broker knows: one row of a table each, with where its file comes from."""

from dataclasses import dataclass, field
from enum import StrEnum

WHEEL = "fink-science"
WHEEL_FOLDER = "fink_science/data/catalogs"


class Angle(StrEnum):
    """How a catalogue writes its positions."""

    DEGREES = "degrees"
    SEXAGESIMAL = "sexagesimal"  # hours of right ascension, degrees of declination


@dataclass(frozen=True)
class CatalogSource:
    """Where a catalogue comes from and what a match with it returns.

    Attributes
    ----------
    name
        Short lower-case name.
    package, file
        Installed distribution that carries the file, and the file's path in it. Without a package the file
        is only looked for in the folder that the settings name (``FINK_CATALOGS``).
    ra, dec
        Columns with the position (ICRS).
    label
        Column with the text that a match returns.
    reference
        What to cite.
    radius_arcsec
        A source farther away is no match.
    angle
        How positions are written.
    texts, numbers
        Further columns that a match returns: column of the file → name here.
    radius_column
        Column with a radius for each source, in arcsec, that replaces `radius_arcsec` where it is smaller.
    more_files
        Further parts of the catalogue, beside `file`.
    required
        A row where this column is empty is left out.
    vizier, vizier_columns
        Table of VizieR that holds the catalogue, where there is one; column of the file → VizieR's name for it,
        where the two differ. Positions are those that VizieR computes, in degrees.
    lacks
        What the packaged file leaves out of the catalogue that it is called after; empty for nothing known.
    """

    name: str
    package: str
    file: str
    ra: str
    dec: str
    label: str
    reference: str
    radius_arcsec: float = 1.5
    angle: Angle = Angle.DEGREES
    texts: tuple[tuple[str, str], ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()
    radius_column: str = ""
    more_files: tuple[str, ...] = ()
    required: str = ""
    # Not shown: arrays are named after what is shown, and where a file can be had from changes none.
    vizier: str = field(default="", repr=False)
    vizier_columns: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    lacks: str = field(default="", repr=False)

    @property
    def file_names(self) -> tuple[str, ...]:
        """Names of the files, without folders."""
        return (self.file.rpartition("/")[2], *self.more_files)


# The two great ones of variable stars.
CATALOGS = {
    source.name: source
    for source in (
        CatalogSource(
            name="gcvs",
            package=WHEEL,
            file=f"{WHEEL_FOLDER}/gcvs.parquet",
            ra="ra",
            dec="dec",
            label="VarType",
            reference="General Catalogue of Variable Stars, Samus et al. 2017, ARep 61, 80",
            vizier="B/gcvs/gcvs_cat",
        ),
        CatalogSource(
            name="vsx",
            package=WHEEL,
            file=f"{WHEEL_FOLDER}/vsx.parquet",
            ra="RAJ2000",
            dec="DEJ2000",
            label="VType",
            reference="AAVSO International Variable Star Index, Watson et al. 2006, SASS 25, 47",
            vizier="B/vsx/vsx",
            vizier_columns=(("VType", "Type"),),
            lacks="most young and eruptive stars: 1,933,544 rows, of which 61 are YSO, 4 INS, 1 EXOR, 44 RCB and 301 "
            "novae; of 15 stars that VSX named for Fink 5 are in it. `fink catalogs load vsx --vizier declared` takes "
            "the whole from VizieR where that can be reached",
        ),
    )
}

# The small ones: few sources, or sources of one kind.
SMALL_CATALOGS = {
    source.name: source
    for source in (
        CatalogSource(
            name="3hsp",
            package=WHEEL,
            file=f"{WHEEL_FOLDER}/3hsp.csv",
            ra="R.A.",
            dec="Dec",
            label="3HSP Source name",
            reference="Third catalogue of extreme and high-synchrotron-peaked blazars, Chang et al. 2019, A&A 632, A77",
            radius_arcsec=60.0,
            angle=Angle.SEXAGESIMAL,
        ),
        CatalogSource(
            name="4lac",
            package=WHEEL,
            file=f"{WHEEL_FOLDER}/table-4LAC-DR3-h.fits",
            more_files=("table-4LAC-DR3-l.fits",),
            # Of the associated source, known to an arcsecond; the gamma rays' own centroid is off by minutes of arc.
            ra="RA_Counterpart",
            dec="DEC_Counterpart",
            label="Source_Name",
            reference="Fourth catalogue of AGN detected by Fermi-LAT, data release 3, Ajello et al. 2022, ApJS 263, 24",
            radius_arcsec=5.0,
            texts=(("CLASS", "class"),),
        ),
        CatalogSource(
            name="mangrove",
            package=WHEEL,
            file=f"{WHEEL_FOLDER}/mangrove_filtered.parquet",
            ra="ra",
            dec="dec",
            label="HyperLEDA_name",
            reference="Mangrove galaxies (GLADE and AllWISE), Ducoin et al. 2020, MNRAS 492, 4768",
            radius_arcsec=60.0,
            texts=(("2MASS_name", "twomass_name"),),
            numbers=(("lum_dist", "lum_dist_mpc"), ("ang_dist", "ang_dist_mpc")),
        ),
        CatalogSource(
            name="spicy",
            package="",
            file="spicy.parquet",
            ra="RAdeg",
            dec="DEdeg",
            label="class",
            reference="SPICY, Spitzer/IRAC candidate young stellar objects, Kuhn et al. 2021, ApJS 254, 33",
            radius_arcsec=1.2,
            vizier="J/ApJS/254/33/table1",
        ),
        CatalogSource(
            name="symbiotic_cv",
            package="",
            file="symbiotic_and_cataclysmic.parquet",
            ra="RA(J2000)",
            dec="DEC(J2000)",
            label="Name",
            reference="Symbiotic stars: Merc et al. 2019, RNAAS 3, 28; cataclysmic variables: list of Fink's filter",
            radius_arcsec=0.5,
            angle=Angle.SEXAGESIMAL,
            texts=(("source", "kind"),),
            radius_column="Radius",
        ),
        CatalogSource(
            name="magnetic_cv",
            package="",
            file="magnetic_cataclysmic_variables.csv",
            ra="RA(J2000)",
            dec="DEC(J2000)",
            label="Name",
            reference="Magnetic cataclysmic variables, list of Fink's filter",
            radius_arcsec=0.5,
            angle=Angle.SEXAGESIMAL,
            radius_column="Radius",
        ),
        CatalogSource(
            name="tde",
            package="",
            file="tde.parquet",
            ra="ra",
            dec="dec",
            label="name",
            reference="Known tidal disruption events, list of Fink's filter",
            radius_arcsec=5.0,
        ),
        CatalogSource(
            name="dwarf_agn",
            package="",
            file="list_dwarfs_AGN_RADEC.parquet",
            ra="RA",
            dec="DEC",
            label="MaNGAID",
            reference="Active nuclei of dwarf galaxies in MaNGA, list of Fink's filter",
            radius_arcsec=30.0,
            numbers=(("Z", "redshift"),),
            radius_column="Re_arc",
        ),
        CatalogSource(
            name="tns",
            package="",
            file="tns_raw.parquet",
            ra="ra",
            dec="declination",
            label="type",
            reference="Transient Name Server, snapshot of its public objects (www.wis-tns.org)",
            radius_arcsec=1.5,
            texts=(("fullname", "fullname"),),
            numbers=(("redshift", "redshift"),),
            required="type",
        ),
        CatalogSource(
            name="tns_entries",
            package="",
            file="tns_raw.parquet",
            ra="ra",
            dec="declination",
            label="fullname",
            reference="Transient Name Server, snapshot of its public objects (www.wis-tns.org)",
            radius_arcsec=1.5,
            texts=(("type", "type"),),
            numbers=(("redshift", "redshift"),),
            required="fullname",
        ),
    )
}

KNOWN = {**CATALOGS, **SMALL_CATALOGS}
