"""The packages that science modules import inside their functions, all at once.

Most processes only ask what modules there are and what they write: a step that closes a night, a command. Importing
what the modules compute with would take longer than their own work. A process that forks others for the modules
imports it here before: once in memory, and at no alert's expense.
"""

# ruff: noqa: F401 - they are only to be there

import astropy.io.fits
import astropy.units
import astropy_healpix
import light_curve
import scipy.fft
import scipy.ndimage
import scipy.spatial
import scipy.special
