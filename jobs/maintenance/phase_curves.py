"""Fit the phase curves of all moving objects anew."""

import sys

from fink_lib.objects.phase_curves.job import main

if __name__ == "__main__":
    sys.exit(main())
