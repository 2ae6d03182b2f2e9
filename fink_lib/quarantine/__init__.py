"""The quarantine: look at it, replay messages into bronze after a fix, discard them with a reason."""
