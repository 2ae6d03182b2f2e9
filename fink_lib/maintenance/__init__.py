"""What keeps a lake and its home small: files that no table needs, checkpoints and logs that nobody reads."""
