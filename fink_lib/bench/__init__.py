"""What `fink bench` measures."""
