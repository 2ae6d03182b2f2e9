"""Science of Rubin packets: light curves in nJy and six bands, decoded from the survey or from its simulations."""
