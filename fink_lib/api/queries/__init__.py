"""Questions to the lake: each is a function that returns Arrow tables, and knows nothing of HTTP."""
