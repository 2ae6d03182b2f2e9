"""DataLink 1.1: what else there is of an alert, its cutouts and the packet itself."""
