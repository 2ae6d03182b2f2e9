"""The server itself, and its JVM."""
