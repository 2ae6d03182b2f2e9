"""Rubin's flags of quality as cuts: what the pipeline itself says of a detection that is none of the sky.

Those of pixels count at the centre of the source: what only lies near such pixels goes on, and filters may ask for
more. No threshold of `reliability` is assumed.
"""

from fink_lib.surveys.base import Cut

CUTS = (
    Cut.unless("edge", "diaSource.pixelFlags_edge", "The source does not touch the edge of the image."),
    Cut.unless("saturated", "diaSource.pixelFlags_saturatedCenter", "Its centre is not saturated."),
    Cut.unless("dipole", "diaSource.isDipole", "It is no pair of a positive and a negative lobe: a bad subtraction."),
    Cut.unless("glint", "diaSource.glint_trail", "It is none of a row of glints of a satellite."),
    Cut.unless("streak", "diaSource.pixelFlags_streakCenter", "Its centre lies on no streak of a satellite."),
)
