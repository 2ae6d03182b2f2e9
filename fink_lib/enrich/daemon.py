"""Spark's Python daemon of the enrich stream."""

from fink_lib.lake.spark.python_daemon import serve

# The registry, which it imports, brings every module and what it uses.
PRELOADED = ("fink_lib.enrich.work",)

if __name__ == "__main__":
    serve(PRELOADED)
