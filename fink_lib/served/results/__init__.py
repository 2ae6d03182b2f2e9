"""Tables of people on topics of their own, which those alone may read who see the table."""
