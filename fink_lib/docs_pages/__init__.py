"""Pages that are generated from declarations, so that no page can say what the code does not."""
