"""Services of the Virtual Observatory over the tables made for reading: TAP, cone searches, DataLink, coverage."""
