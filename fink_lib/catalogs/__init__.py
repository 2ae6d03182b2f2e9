"""Static catalogues, their versions, and the crossmatch."""

from fink_lib.catalogs.index import SkyIndex, build_index
from fink_lib.catalogs.known import CATALOGS, KNOWN, CatalogSource
from fink_lib.catalogs.loader import Catalog, CatalogFacts, load_catalog

__all__ = ["CATALOGS", "KNOWN", "Catalog", "CatalogFacts", "CatalogSource", "SkyIndex", "build_index", "load_catalog"]
