"""Avro datums as bytes: walked once, read into Arrow columns, cut and joined; no JVM, no Python object a field."""
