"""Search the periods of all objects that gained alerts."""

import sys

from fink_lib.objects.periods.job import main

if __name__ == "__main__":
    sys.exit(main())
