"""Pages for people over the same questions as the API: drawn by the server, without any other host."""
