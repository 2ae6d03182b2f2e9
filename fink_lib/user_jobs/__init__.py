"""User jobs: SQL or Python of people with the right, over the rows that they may see, each in a sandbox."""
