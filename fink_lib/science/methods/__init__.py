"""Methods that several science modules use: fits, forests, photometry, images."""
