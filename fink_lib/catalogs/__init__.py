"""Static catalogues, their versions, and the crossmatch."""

from fink_lib.catalogs.index import SkyIndex, build_index
from fink_lib.catalogs.loader import CATALOGS, Catalog, CatalogFacts, CatalogSource, load_catalog

__all__ = ["CATALOGS", "Catalog", "CatalogFacts", "CatalogSource", "SkyIndex", "build_index", "load_catalog"]
