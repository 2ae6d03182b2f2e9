"""Objects: what several alerts are of; their positions and classes, and their partners in other surveys."""
