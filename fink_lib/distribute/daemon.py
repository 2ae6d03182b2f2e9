"""Spark's Python daemon of the distribute stream."""

from fink_lib.lake.spark.python_daemon import serve

# It brings the filters, the packets and the client of Kafka.
PRELOADED = ("fink_lib.distribute.tasks", "fink_lib.filters.registry")

if __name__ == "__main__":
    serve(PRELOADED)
