"""Silver alerts become messages on output topics."""
