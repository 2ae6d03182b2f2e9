"""Past alerts on demand: a selection of the lake goes to a topic of its own, is sealed, and read by finkctl."""
