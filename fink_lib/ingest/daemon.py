"""Spark's Python daemon of the ingest stream."""

from fink_lib.lake.spark.python_daemon import serve

# It brings the compiled walk over the bytes of packets.
PRELOADED = ("fink_lib.ingest.worker",)

if __name__ == "__main__":
    serve(PRELOADED)
