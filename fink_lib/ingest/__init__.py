"""Bytes from Kafka become a row of bronze, or a row of quarantine that says why."""
