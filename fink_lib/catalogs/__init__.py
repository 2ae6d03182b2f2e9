"""Static catalogues, their versions, and the crossmatch."""

from fink_lib.catalogs.index import SkyIndex, build_index
from fink_lib.catalogs.loader import Catalog, CatalogFacts, load_catalog
from fink_lib.catalogs.sources import CATALOGS, CatalogSource

__all__ = ["CATALOGS", "Catalog", "CatalogFacts", "CatalogSource", "SkyIndex", "build_index", "load_catalog"]
