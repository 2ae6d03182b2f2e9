"""Users' filters by Spark: in the stream and its batches, and on a past night."""
