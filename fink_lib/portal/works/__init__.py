"""Work that takes longer than a page: commands of `fink` that run beside the portal, for whoever asked for them."""
