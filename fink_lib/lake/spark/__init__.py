"""What needs Spark: the session, and the tables' reading and writing."""
