"""The smallest schema registry that speaks Confluent's protocol, and the one call that writers make to any."""
