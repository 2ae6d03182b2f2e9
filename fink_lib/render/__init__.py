"""Pictures for pages: plots, bars, stamps, light curves, as SVG and PNG in the page itself."""
