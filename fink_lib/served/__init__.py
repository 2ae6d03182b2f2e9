"""The tables made for reading: their columns, their rows out of silver, their runs, and how they are opened."""
