"""Users' filters: a name, an owner and a predicate in SQL, kept in the lake and taken up by the running stream."""
